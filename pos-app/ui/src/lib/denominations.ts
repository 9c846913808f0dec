/** Which of a currency's denominations are notes, and the colours the hand knows them by. */

import type { Currency } from "./api/generated";

/** The smallest note, minor units; everything below is a coin. */
const SMALLEST_NOTE: Record<Currency, number> = { CLP: 1_000, COP: 200_000, CZK: 10_000, EUR: 500, ILS: 2_000 };

/** Chilean notes have their real colours; those of other currencies take them in order of worth. */
const COLOURS = ["n20", "n10", "n5", "n2", "n1"] as const;
const CLP_COLOURS: Record<number, string> = { 20_000: "n20", 10_000: "n10", 5_000: "n5", 2_000: "n2", 1_000: "n1" };

export function isNote(minor: number, currency: Currency): boolean {
  return minor >= SMALLEST_NOTE[currency];
}

/** The class that colours a note. */
export function noteColour(minor: number, currency: Currency, all: readonly number[]): string {
  const known = currency === "CLP" ? CLP_COLOURS[minor] : undefined;
  if (known !== undefined) return known;
  const rank = all.filter((one) => isNote(one, currency)).indexOf(minor);
  return COLOURS[Math.max(0, rank) % COLOURS.length] ?? "n1";
}
