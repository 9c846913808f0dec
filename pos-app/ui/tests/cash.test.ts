/** Cash that moves beside the sales: which way, how much and why, and nothing by accident. */

import { describe, expect, it } from "vitest";

import { refusal } from "./fake";
import * as night from "./fixtures";
import { find, key, open, sees, tap, text } from "./hands";

const MANAGED = { "status.get": () => night.status({ operator: night.manager }) };

describe("cash beside the sales", () => {
  it("is taken to the safe with its reason and its envelope", async () => {
    const { core } = await open({ ...MANAGED, "register.move_cash": () => night.fullReading });
    await key("F8");
    await tap("to-move-cash", "move-drop", "move-digit-6", "move-digit-000", "move-digit-0");
    expect(find("move-amount").dataset.minor).toBe("60000");
    await tap("move-go");
    expect(core.argsOf("register.move_cash")).toEqual([]);
    await tap("move-why-0");
    const note = find("move-note") as HTMLInputElement;
    note.value = " 0412 ";
    note.dispatchEvent(new Event("input", { bubbles: true }));
    await tap("move-go");
    expect(core.argsOf("register.move_cash")).toEqual([
      { movement: "drop", amount_minor: 60_000, reason: "Mucho efectivo · 0412" },
    ]);
    expect(text("move-cash-panel")).toContain("sale el comprobante");
    expect(find("move-amount").dataset.minor).toBe("0");
    await tap("move-go");
    expect(core.argsOf("register.move_cash")).toHaveLength(1);
  });

  it("takes another reason with another way, and erases", async () => {
    const { core } = await open({ ...MANAGED, "register.move_cash": () => night.fullReading });
    await key("F8");
    await tap("to-move-cash", "move-why-0", "move-out", "move-digit-8", "move-digit-5", "move-erase", "move-go");
    expect(core.argsOf("register.move_cash")).toEqual([]);
    await tap("move-why-1", "move-go");
    expect(core.argsOf("register.move_cash")).toEqual([
      { movement: "out", amount_minor: 8, reason: "Taxi del personal" },
    ]);
  });

  it("keeps what was typed when it is refused", async () => {
    const refuse = () => {
      throw refusal("ledger_write_failed");
    };
    await open({ ...MANAGED, "register.move_cash": refuse });
    await key("F8");
    await tap("to-move-cash", "move-digit-9", "move-why-2", "move-go");
    expect(find("move-amount").dataset.minor).toBe("9");
    expect(sees("trouble")).toBe(true);
  });

  it("is not offered to who may not, even with somebody's word", async () => {
    await open({});
    await key("F8");
    expect(sees("register-panel")).toBe(true);
    expect(sees("to-move-cash")).toBe(false);
  });
});
