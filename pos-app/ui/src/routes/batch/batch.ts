/** The lines of a terminal's batch in the order a person reads them: what differs first. */

import type { BatchComparison, BatchLine, BatchVerdict } from "../../lib/api/generated";

const ORDER: readonly BatchVerdict[] = ["in_doubt", "differs", "only_there", "only_here", "unlisted", "agrees"];

/** What differs first; inside a verdict as the core told them. */
export function worstFirst(lines: readonly BatchLine[]): BatchLine[] {
  return ORDER.flatMap((verdict) => lines.filter((line) => line.verdict === verdict));
}

/** The terminal's sum less ours, minor units; null from a terminal that says neither sum nor lines. */
export function differenceOf({ ours, terminal, listed }: BatchComparison): number | null {
  const told = terminal ?? listed;
  return told === undefined ? null : told.total_minor - ours.total_minor;
}

/** How many somebody has to look at. */
export function differing(lines: readonly BatchLine[]): number {
  return lines.filter((line) => line.verdict !== "agrees" && line.verdict !== "unlisted").length;
}
