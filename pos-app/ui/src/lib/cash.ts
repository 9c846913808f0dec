/** The notes a hand has put on the counter, in the order it did. The core decides what they pay. */

import type { CashCount } from "./api/generated";

/** What the customer has handed over so far: notes tapped one by one, or a figure typed or suggested. */
export type Received = { kind: "nothing" } | { kind: "sum"; minor: number } | { kind: "notes"; notes: number[] };

export const NOTHING: Received = { kind: "nothing" };

/** The sum of a pile; input, not accounting: the core books what `sale.complete` is given. */
export function received(pile: Received): number {
  if (pile.kind === "sum") return pile.minor;
  return pile.kind === "notes" ? pile.notes.reduce((sum, note) => sum + note, 0) : 0;
}

/** One more note on the pile; a figure typed before gives way. */
export function withNote(pile: Received, note: number): Received {
  return { kind: "notes", notes: pile.kind === "notes" ? [...pile.notes, note] : [note] };
}

/** Takes the last note back, or the figure. */
export function withoutLast(pile: Received): Received {
  if (pile.kind !== "notes" || pile.notes.length <= 1) return NOTHING;
  return { kind: "notes", notes: pile.notes.slice(0, -1) };
}

/** One more digit, or three, on a typed figure. */
export function withDigits(pile: Received, digits: string): Received {
  const before = pile.kind === "sum" ? String(pile.minor) : "";
  const minor = Number((before + digits).slice(0, 10));
  return minor === 0 ? NOTHING : { kind: "sum", minor };
}

/** One digit less. */
export function withoutDigit(pile: Received): Received {
  if (pile.kind !== "sum") return withoutLast(pile);
  const minor = Math.trunc(pile.minor / 10);
  return minor === 0 ? NOTHING : { kind: "sum", minor };
}

/** How many of a note are on the pile. */
export function countOf(pile: Received, note: number): number {
  return pile.kind === "notes" ? pile.notes.filter((one) => one === note).length : 0;
}

/** A sum in the fewest notes and coins, as it would lie on the counter: a caption, not a decision. */
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
