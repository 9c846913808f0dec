/** What whoever is signed in may not do alone: somebody who may types their PIN there and then. */

import { describe, expect, it } from "vitest";

import type { CardPaymentView, OpenCardView } from "../src/lib/api/generated";
import { refusal } from "./fake";
import * as night from "./fixtures";
import { find, key, open, sees, tap, text, type Answers } from "./hands";

const DOUBT = night.openCards[0] as OpenCardView;
const DECLINED = {
  ...DOUBT.card,
  payment: { ...DOUBT.card.payment, state: "declined", code: "manual", is_manual: true },
} as CardPaymentView;
const DENIED = refusal("permission_denied", { permission: "settle_card", approvers: night.approvers });

type Resolve = NonNullable<Answers>["card.resolve"];

/** The core as it answers a cashier: only with a manager's PIN. */
function allows(pin: string): Resolve {
  return (args) => {
    const { approval } = args as { approval?: { pin: string } };
    if (approval === undefined) throw DENIED;
    if (approval.pin !== pin) throw refusal("pin_wrong", { tries_left: 4 });
    return DECLINED;
  };
}

/** A cashier at the second look of a payment that was not charged, pressing the key that writes it down. */
async function write(resolve: Resolve) {
  const opened = await open({
    "status.get": () => night.asking,
    "card.list_open": () => night.openCards,
    "card.resolve": resolve,
  });
  await tap("cards-chip", `open-${DOUBT.card.payment.ticket_no}`, "way-resolve", "outcome-not_charged", "why-1");
  await tap("settle-review", "sure-write");
  return opened;
}

async function pin(digits: string): Promise<void> {
  await tap(...[...digits].map((digit) => `pin-${digit}`), "pin-enter");
}

describe("approval", () => {
  it("is asked for where the person stands, and what they typed is done in both names", async () => {
    const { core, till } = await write(allows("97531"));
    expect(text("approve-what")).toBe("Resolver un cobro en duda");
    expect(text("pin-person")).toBe("Antonia V.");
    await pin("97531");
    const [first, second] = core.argsOf("card.resolve") as [object, object];
    expect(second).toEqual({ ...first, approval: { staff_id: night.approvers[0]?.staff_id, pin: "97531" } });
    expect(sees("approve")).toBe(false);
    expect(text("card-headline")).toBe("No se cobró");
    expect(till.status?.operator?.name).toBe("Camila R.");
  });

  it("with a wrong PIN says how many tries are left, and waits for another", async () => {
    const { core } = await write(allows("97531"));
    await pin("1111");
    expect(find("approve-trouble").dataset.code).toBe("pin_wrong");
    expect(text("approve-trouble")).toContain("4 intentos");
    await pin("97531");
    expect(core.argsOf("card.resolve").length).toBe(3);
    expect(text("card-headline")).toBe("No se cobró");
  });

  it("can be somebody else's", async () => {
    const { core } = await write(allows("97531"));
    await tap(`person-${night.approvers[1]?.staff_id}`);
    expect(text("pin-person")).toBe("Ignacio B.");
    await pin("97531");
    expect(core.argsOf("card.resolve")[1]).toMatchObject({ approval: { staff_id: night.approvers[1]?.staff_id } });
  });

  it("that nobody gives leaves everything as it was typed", async () => {
    const { core, till } = await write(allows("97531"));
    await key("Escape");
    expect(sees("approve")).toBe(false);
    expect(core.argsOf("card.resolve").length).toBe(1);
    expect(till.trouble?.code).toBe("permission_denied");
    expect(find("settle").dataset.sure).toBe("true");
    expect(till.busy).toBe(false);
  });

  it("is not waited for once somebody locks the till", async () => {
    const { core, till } = await write(allows("97531"));
    await key("F12");
    expect(sees("approve")).toBe(false);
    expect(core.argsOf("operator.log_out").length).toBe(1);
    expect(till.busy).toBe(false);
  });

  it("does not help against any other refusal", async () => {
    await write((args) => {
      if ((args as { approval?: object }).approval === undefined) throw DENIED;
      throw refusal("card_not_open");
    });
    await pin("97531");
    expect(sees("approve")).toBe(false);
    expect(find("trouble").dataset.code).toBe("card_not_open");
  });

  it("lets a cashier to the terminal's batch, which a supervisor then allows", async () => {
    const { core, till } = await open({
      "status.get": () => night.asking,
      "card.read_batch": (args) => {
        if ((args as { approval?: object }).approval === undefined)
          throw refusal("permission_denied", { permission: "close_batch", approvers: night.approvers });
        return night.evenBatch;
      },
    });
    await key("F8");
    await tap("to-batch");
    expect(till.room).toBe("batch");
    await pin("97531");
    expect(core.argsOf("card.read_batch").length).toBe(2);
    expect(text("batch-difference")).toContain("0");
  });
});
