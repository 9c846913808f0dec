import { describe, expect, it } from "vitest";

import { countOf, inNotes, NOTHING, received, withDigits, withNote, withoutDigit, withoutLast } from "./cash";

describe("what was handed over", () => {
  it("grows note by note, and the last one can be taken back", () => {
    const pile = withNote(withNote(NOTHING, 20_000), 10_000);
    expect(received(pile)).toBe(30_000);
    expect(countOf(pile, 20_000)).toBe(1);
    expect(received(withoutLast(pile))).toBe(20_000);
    expect(withoutLast(withoutLast(pile))).toEqual(NOTHING);
  });

  it("can be typed, and a note tapped after that starts the pile anew", () => {
    const typed = withDigits(withDigits(NOTHING, "5"), "000");
    expect(received(typed)).toBe(5_000);
    expect(received(withoutDigit(typed))).toBe(500);
    expect(received(withNote(typed, 2_000))).toBe(2_000);
  });

  it("ignores leading zeros", () => {
    expect(withDigits(NOTHING, "000")).toEqual(NOTHING);
  });

  it("is spelled in the fewest notes, or not at all", () => {
    const clp = [20_000, 10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10];
    expect(inNotes(30_000, clp)).toEqual([
      { denomination_minor: 20_000, count: 1 },
      { denomination_minor: 10_000, count: 1 },
    ]);
    expect(inNotes(24_501, clp)).toEqual([]);
  });
});
