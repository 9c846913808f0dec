//! The quarter hours of a night as a row of slots without holes, and the lines behind them. Proportions only.

import type { QuarterHour } from "../../lib/api";

const QUARTER_MS = 15 * 60_000;

/** One slot per quarter hour from the first sale to the last, silent quarters included. */
export function slots(quarters: QuarterHour[]): QuarterHour[] {
  const known = new Map(quarters.map((quarter) => [quarter.from, quarter]));
  if (known.size === 0) return [];
  const first = Math.min(...known.keys());
  const last = Math.max(...known.keys());
  const row: QuarterHour[] = [];
  // A night has fewer than 200 quarters; a stray date must not draw thousands.
  for (let from = first; from <= last && row.length < 200; from += QUARTER_MS) {
    row.push(known.get(from) ?? { from, sales: 0, total_minor: 0 });
  }
  return row;
}

/** A few round figures from nought to just above the highest. */
export function ticks(highest: number): number[] {
  const rough = Math.max(highest, 3) / 3;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 2.5, 5, 10].map((by) => by * power).find((by) => by >= rough * 0.8 && Number.isInteger(by)) ?? rough);
  const lines = [0];
  while (lines[lines.length - 1]! + step <= highest * 1.02) lines.push(lines.length * step);
  return lines.length > 1 ? lines : [0, step];
}

/** Whether the clock of a slot's start reads a full or half hour worth writing. */
export function isLabelled(from: number, slotCount: number): boolean {
  const everyMs = slotCount > 40 ? 2 * 3_600_000 : slotCount > 14 ? 3_600_000 : 30 * 60_000;
  return from % everyMs === 0;
}

export { QUARTER_MS };
