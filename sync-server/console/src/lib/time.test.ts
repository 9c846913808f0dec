import { expect, test } from "vitest";

import { formatDate, formatDay, formatSeconds, formatTime, minutesBetween, shiftDate, weekday } from "./time";

/** 22 November 2026, 00:42:05 in Santiago. */
const AT = Date.UTC(2026, 10, 22, 3, 42, 5);

test("times are the venue's", () => {
  expect(formatTime(AT, "America/Santiago")).toBe("00:42");
  expect(formatSeconds(AT, "America/Santiago")).toBe("00:42:05");
  expect(formatTime(AT, "Europe/Prague")).toBe("04:42");
  expect(formatDay(AT, "America/Santiago")).toBe("22-11-2026");
});

test("a business date is a text and stays on its day", () => {
  expect(formatDate("2026-11-21")).toBe("21-11-2026");
  expect(weekday("2026-11-21", "es")).toBe("sábado");
  expect(weekday("2026-11-21", "en")).toBe("Saturday");
  expect(shiftDate("2026-11-30", 1)).toBe("2026-12-01");
  expect(shiftDate("2026-03-01", -1)).toBe("2026-02-28");
});

test("a clock that runs ahead makes no negative wait", () => {
  expect(minutesBetween(AT, AT + 11 * 60_000 + 59_000)).toBe(11);
  expect(minutesBetween(AT, AT - 60_000)).toBe(0);
});
