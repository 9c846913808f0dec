/** What a hand has put on the counter, in the order it did. The core says what it comes to and what goes back. */

import type { CashCount, TenderCash } from "./api/generated";

/** Notes tapped one by one, or a figure typed or suggested; nothing touched is the exact sum. */
export type Pile = { kind: "nothing" } | { kind: "sum"; minor: number } | { kind: "notes"; notes: number[] };

export const NOTHING: Pile = { kind: "nothing" };

/** One more note on the pile; a figure typed before gives way. */
export function withNote(pile: Pile, note: number): Pile {
  return { kind: "notes", notes: pile.kind === "notes" ? [...pile.notes, note] : [note] };
}

/** Takes the last note back, or the figure. */
export function withoutLast(pile: Pile): Pile {
  if (pile.kind !== "notes" || pile.notes.length <= 1) return NOTHING;
  return { kind: "notes", notes: pile.notes.slice(0, -1) };
}

/** One more digit, or three, on a typed figure. */
export function withDigits(pile: Pile, digits: string): Pile {
  const before = pile.kind === "sum" ? String(pile.minor) : "";
  const minor = Number((before + digits).slice(0, 10));
  return minor === 0 ? NOTHING : { kind: "sum", minor };
}

/** One digit less. */
export function withoutDigit(pile: Pile): Pile {
  if (pile.kind !== "sum") return withoutLast(pile);
  const digits = String(pile.minor).slice(0, -1);
  return digits === "" ? NOTHING : { kind: "sum", minor: Number(digits) };
}

/** How many of a note are on the pile. */
export function countOf(pile: Pile, note: number): number {
  return pile.kind === "notes" ? pile.notes.filter((one) => one === note).length : 0;
}

/** The pile by denomination, largest first, as it is read aloud. */
export function byNote(pile: Pile, denominations: readonly number[]): CashCount {
  return denominations
    .map((denomination_minor) => ({ denomination_minor, count: countOf(pile, denomination_minor) }))
    .filter((one) => one.count > 0);
}

/** The pile as the core is asked about it. */
export function asTender(pile: Pile, denominations: readonly number[]): TenderCash {
  if (pile.kind === "sum") return { amount_minor: pile.minor };
  return pile.kind === "notes" ? { notes: byNote(pile, denominations) } : {};
}

/** A suggested sum in the notes it is made of: a caption under the core's figure, or nothing. */
export function inNotes(minor: number, denominations: readonly number[]): CashCount {
  let rest = minor;
  const notes: CashCount = [];
  for (const denomination_minor of denominations) {
    const count = Math.floor(rest / denomination_minor);
    if (count > 0) notes.push({ denomination_minor, count });
    rest -= count * denomination_minor;
  }
  return rest === 0 ? notes : [];
}
