import { describe, expect, it } from "vitest";

import { clock, clockWithSeconds, minutesBetween, nightDate, nightName } from "./time";

const AT = Date.UTC(2026, 10, 22, 2, 52, 4);

describe("time", () => {
  it("is told in the venue's zone, whatever the machine's", () => {
    expect(clock(AT, "America/Santiago")).toBe("23:52");
    expect(clockWithSeconds(AT, "America/Santiago")).toBe("23:52:04");
    expect(clock(AT, "Asia/Jerusalem")).toBe("04:52");
  });

  it("names midnight 00, never 24", () => {
    expect(clock(Date.UTC(2026, 10, 22, 3, 5), "America/Santiago")).toBe("00:05");
  });

  it("names a night by its business date", () => {
    expect(nightDate("2026-11-21")).toBe("21-11-2026");
    expect(nightName("2026-11-21", "es")).toBe("sábado 21 nov");
  });

  it("never counts backwards when a clock was set", () => {
    expect(minutesBetween(AT, AT - 60_000)).toBe(0);
    expect(minutesBetween(AT, AT + 11 * 60_000)).toBe(11);
  });
});
