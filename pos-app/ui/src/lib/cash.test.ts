import { describe, expect, it } from "vitest";

import { asTender, countOf, inNotes, NOTHING, withDigits, withNote, withoutDigit, withoutLast } from "./cash";

const CLP = [20_000, 10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10];

describe("what was handed over", () => {
  it("grows note by note, and the last one can be taken back", () => {
    const pile = withNote(withNote(withNote(NOTHING, 10_000), 20_000), 10_000);
    expect(countOf(pile, 10_000)).toBe(2);
    expect(asTender(pile, CLP)).toEqual({
      notes: [
        { denomination_minor: 20_000, count: 1 },
        { denomination_minor: 10_000, count: 2 },
      ],
    });
    expect(countOf(withoutLast(pile), 10_000)).toBe(1);
    expect(withoutLast(withNote(NOTHING, 5_000))).toEqual(NOTHING);
  });

  it("can be typed, and a note tapped after that starts the pile anew", () => {
    const typed = withDigits(withDigits(NOTHING, "5"), "000");
    expect(asTender(typed, CLP)).toEqual({ amount_minor: 5_000 });
    expect(asTender(withoutDigit(typed), CLP)).toEqual({ amount_minor: 500 });
    expect(asTender(withNote(typed, 2_000), CLP)).toEqual({ notes: [{ denomination_minor: 2_000, count: 1 }] });
  });

  it("is the exact sum, for the core to name, while nothing was touched", () => {
    expect(asTender(NOTHING, CLP)).toEqual({});
    expect(withDigits(NOTHING, "000")).toEqual(NOTHING);
    expect(withoutDigit(withDigits(NOTHING, "7"))).toEqual(NOTHING);
  });

  it("is spelled in the fewest notes, or not at all", () => {
    expect(inNotes(30_000, CLP)).toEqual([
      { denomination_minor: 20_000, count: 1 },
      { denomination_minor: 10_000, count: 1 },
    ]);
    expect(inNotes(24_501, CLP)).toEqual([]);
  });
});
