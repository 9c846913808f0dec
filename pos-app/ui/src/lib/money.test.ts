import { describe, expect, it } from "vitest";

import { count, faceValue, money, moneyParts, quantity } from "./money";

const NARROW = "\u202f";

describe("money", () => {
  it("shows Chilean pesos with a narrow space and dots, and no decimals", () => {
    expect(money(12_990, "CLP", "es")).toBe(`$${NARROW}12.990`);
    expect(money(1_234_567, "CLP", "es")).toBe(`$${NARROW}1.234.567`);
    expect(money(0, "CLP", "es")).toBe(`$${NARROW}0`);
  });

  it("shows them the English way in English", () => {
    expect(money(12_990, "CLP", "en")).toBe("$12,990");
  });

  it("puts a real minus before the sign", () => {
    expect(money(-449, "CLP", "es")).toBe(`\u2212$${NARROW}449`);
  });

  it("keeps the cents of currencies that have them", () => {
    expect(money(1_299_050, "EUR", "es")).toBe(`€${NARROW}12.990,50`);
    expect(money(5, "ILS", "en")).toBe("₪0.05");
    expect(moneyParts(-5, "CZK", "es")).toEqual({ minus: "\u2212", sign: "Kč", gap: NARROW, figure: "0,05" });
  });

  it("prints on a note what the note says", () => {
    expect(faceValue(20_000, "CLP", "es")).toBe("20.000");
    expect(faceValue(2_000, "EUR", "es")).toBe("20");
    expect(faceValue(50, "EUR", "en")).toBe("0.50");
  });

  it("says quantities without trailing zeros", () => {
    expect(quantity(2_000, "es")).toBe("2");
    expect(quantity(750, "es")).toBe("0,75");
    expect(quantity(12_400, "en")).toBe("12.4");
    expect(quantity(1_500_000, "es")).toBe("1.500");
  });

  it("marks the thousands of plain numbers", () => {
    expect(count(3_204, "es")).toBe("3.204");
  });
});
