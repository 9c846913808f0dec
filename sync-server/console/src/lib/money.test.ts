import { describe, expect, test } from "vitest";

import { editableMoney, formatCount, formatMoney, formatQuantity, formatRate, moneyParts, readMoney } from "./money";

describe("an amount", () => {
  test("in pesos has dots and no decimals", () => {
    expect(formatMoney(12_990, "CLP", "es")).toBe("$\u202f12.990");
    expect(formatMoney(4_812_300, "CLP", "es")).toBe("$\u202f4.812.300");
    expect(formatMoney(0, "CLP", "es")).toBe("$\u202f0");
    expect(formatMoney(990, "CLP", "es")).toBe("$\u202f990");
  });

  test("in English has commas and a sign that touches", () => {
    expect(formatMoney(12_990, "CLP", "en")).toBe("$12,990");
    expect(formatMoney(1_299_050, "EUR", "en")).toBe("€12,990.50");
  });

  test("below nought carries a true minus before the sign", () => {
    expect(formatMoney(-449, "CLP", "es")).toBe("\u2212$\u202f449");
    expect(moneyParts(-10, "CLP", "es")).toEqual({ minus: "\u2212", sign: "$", figure: "10" });
  });

  test("with cents keeps them, padded", () => {
    expect(formatMoney(5, "EUR", "es")).toBe("€\u202f0,05");
    expect(formatMoney(100, "CZK", "es")).toBe("Kč\u202f1,00");
    expect(formatMoney(-123_456_7, "ILS", "es")).toBe("\u2212₪\u202f12.345,67");
  });

  test("in Colombian pesos shows cents only when there are some", () => {
    expect(formatMoney(1_299_000, "COP", "es")).toBe("$\u202f12.990");
    expect(formatMoney(1_299_050, "COP", "es")).toBe("$\u202f12.990,50");
  });
});

describe("a typed amount", () => {
  test.each([
    ["5990", 5_990],
    ["5.990", 5_990],
    ["$ 5.990", 5_990],
    [" 0 ", 0],
  ])("%j is read in pesos", (text, minor) => {
    expect(readMoney(text, "CLP", "es")).toBe(minor);
  });

  test.each(["", "cinco", "5,90", "-5", "5e3", "1234567890123"])("%j is no amount in pesos", (text) => {
    expect(readMoney(text, "CLP", "es")).toBeNull();
  });

  test("with cents may leave them out, and never has too many", () => {
    expect(readMoney("12,5", "EUR", "es")).toBe(1_250);
    expect(readMoney("12", "EUR", "es")).toBe(1_200);
    expect(readMoney("12,505", "EUR", "es")).toBeNull();
  });

  test.each([0, 5, 990, 5_990, 1_299_050])("%d comes back from its field unchanged", (minor) => {
    for (const lang of ["es", "en"] as const) {
      for (const currency of ["CLP", "EUR", "COP"] as const) {
        expect(readMoney(editableMoney(minor, currency, lang), currency, lang)).toBe(minor);
      }
    }
  });
});

test("quantities and rates lose their trailing zeros", () => {
  expect(formatQuantity(2_000, "es")).toBe("2");
  expect(formatQuantity(750, "es")).toBe("0,75");
  expect(formatQuantity(12_400, "en")).toBe("12.4");
  expect(formatRate(1_900, "es")).toBe("19\u00a0%");
  expect(formatRate(1_050, "en")).toBe("10.5%");
  expect(formatRate(0, "es")).toBe("0\u00a0%");
  expect(formatCount(12_840, "es")).toBe("12.840");
});
