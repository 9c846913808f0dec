import { expect, test } from "vitest";

import { QUARTER_MS, slots, ticks } from "./quarters";

const FIRST = Date.UTC(2026, 10, 22, 0, 30);

test("quarters without a sale get their empty slot", () => {
  const row = slots([
    { from: FIRST, sales: 3, total_minor: 9 },
    { from: FIRST + 3 * QUARTER_MS, sales: 1, total_minor: 2 },
  ]);
  expect(row.map((slot) => slot.sales)).toEqual([3, 0, 0, 1]);
});

test("no sale makes no slot, and a stray date not thousands", () => {
  expect(slots([])).toEqual([]);
  expect(slots([{ from: 0, sales: 1, total_minor: 1 }, { from: FIRST - (FIRST % QUARTER_MS), sales: 1, total_minor: 1 }])).toHaveLength(200);
});

test.each([0, 1, 2, 3, 5, 9, 17, 22, 71, 100, 640, 12_345])("the lines behind a highest bar of %d are round and few", (highest) => {
  const lines = ticks(highest);
  expect(lines[0]).toBe(0);
  expect(lines.length).toBeGreaterThanOrEqual(2);
  expect(lines.length).toBeLessThanOrEqual(4);
  expect(lines.every(Number.isInteger)).toBe(true);
});
