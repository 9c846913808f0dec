/** A badge says who somebody is, where that is asked; the PIN is always typed. */

import { describe, expect, it } from "vitest";

import type { BadgeView, CardPaymentView, Notice, OpenCardView } from "../src/lib/api/generated";
import { refusal } from "./fake";
import * as night from "./fixtures";
import { find, open, sees, selling, settle, tap, text } from "./hands";

const badgeOf = (who: { staff_id: string; name: string }): BadgeView => ({
  staff_id: who.staff_id,
  name: who.name,
  last_valid: "2027-05-19",
});
const SOMEBODY = night.staff[1] ?? night.staff[0];
if (SOMEBODY === undefined) throw new Error("nobody works here");

describe("a badge", () => {
  it("chooses its person at the log-in screen, and the PIN lets them in", async () => {
    const { core, till } = await open({
      "status.get": () => night.status({ operator: null }),
      "staff.read_badge": () => badgeOf(SOMEBODY),
      "operator.log_in": () => night.status(),
    });
    await tap("pin-9");
    await till.scan("T1BADGE");
    await settle();
    expect(core.argsOf("staff.read_badge")).toEqual([{ code: "T1BADGE" }]);
    expect(text("pin-person")).toBe(SOMEBODY.name);
    expect(document.body.textContent).toContain("Credencial leída");
    expect(core.argsOf("operator.log_in")).toEqual([]);
    await tap("pin-2", "pin-4", "pin-6", "pin-8", "pin-enter");
    expect(core.argsOf("operator.log_in")).toEqual([{ staff_id: SOMEBODY.staff_id, pin: "2468" }]);
  });

  it("that is none, or of nobody here, says why and chooses nobody", async () => {
    const answers = [refusal("badge_forged"), refusal("badge_missing")];
    const { till } = await open({
      "status.get": () => night.status({ operator: null }),
      "staff.read_badge": () => {
        const next = answers.shift();
        if (next !== undefined) throw next;
        return { staff_id: "somebody-else", name: "Eva", last_valid: "2027-05-19" };
      },
    });
    const before = text("pin-person");
    for (const word of ["falsa", "no es una credencial", "ya no está en esta caja"]) {
      await till.scan("T1BADGE");
      await settle();
      expect(document.querySelector(".trouble")?.textContent).toContain(word);
      expect(text("pin-person")).toBe(before);
    }
  });

  it("read by the till's own scanner does the same", async () => {
    const { till } = await open({ "status.get": () => night.status({ operator: null }) });
    const heard: Notice = {
      notice: "scan",
      code: "T1",
      outcome: { kind: "badge", badge: badgeOf(SOMEBODY) },
      error: null,
    };
    till.hear(heard);
    await settle();
    expect(text("pin-person")).toBe(SOMEBODY.name);
  });

  it("chooses who allows something, if they may, without waiting behind what is asked", async () => {
    const doubt = night.openCards[0] as OpenCardView;
    const [first, second] = night.approvers;
    if (first === undefined || second === undefined) throw new Error("two may");
    let read = badgeOf(second);
    const { core, till } = await open({
      "status.get": () => night.asking,
      "card.list_open": () => night.openCards,
      "staff.read_badge": () => read,
      "card.resolve": (args) => {
        if ((args as { approval?: object }).approval !== undefined) return doubt.card as CardPaymentView;
        throw refusal("permission_denied", { permission: "settle_card", approvers: night.approvers });
      },
    });
    await tap("cards-chip", `open-${doubt.card.payment.ticket_no}`, "way-resolve", "outcome-not_charged", "why-1");
    await tap("settle-review", "sure-write");
    expect(text("pin-person")).toBe(first.name);
    await till.scan("T1BADGE");
    await settle();
    expect(text("pin-person")).toBe(second.name);

    read = { staff_id: "a-cashier", name: "Camila", last_valid: "2027-05-19" };
    await till.scan("T1BADGE");
    await settle();
    expect(find("approve-trouble").dataset.code).toBe("permission_denied");
    expect(text("pin-person")).toBe(second.name);
    await tap("pin-9", "pin-7", "pin-5", "pin-3", "pin-1", "pin-enter");
    expect(core.argsOf("card.resolve").at(-1)).toMatchObject({
      approval: { staff_id: second.staff_id, pin: "97531" },
    });
  });

  it("elsewhere says whose it is and does nothing", async () => {
    const outcome = { kind: "badge", badge: badgeOf(SOMEBODY) } as const;
    const { till } = await open(selling({ "scan.route": () => outcome }));
    await till.scan("T1BADGE");
    await settle();
    expect(document.querySelector(".trouble")?.textContent).toContain(`La credencial de ${SOMEBODY.name} sirve`);
    till.go("redeem");
    await settle();
    await till.scan("T1BADGE");
    await settle();
    expect(sees("verdict")).toBe(false);
    expect(find("redeem-idle").textContent).toContain("aquí no hace nada");
    expect(document.querySelector(".hist")?.textContent).toContain(`Credencial: ${SOMEBODY.name}`);
    expect(document.querySelector(".hist")?.textContent).not.toContain("T1BADGE");
  });

  it("comes out of the printer for whom a manager chooses", async () => {
    const { core, till } = await open(
      selling({
        "status.get": () => night.status({ operator: { ...night.manager, may: [...night.manager.may, "print_badge"] } }),
        "staff.print_badge": ({ staff_id }) => badgeOf(night.staff.find((one) => one.staff_id === staff_id) ?? SOMEBODY),
      }),
    );
    till.panel = "register";
    await settle();
    await tap("to-badges", `badge-${SOMEBODY.staff_id}`);
    expect(core.argsOf("staff.print_badge")).toEqual([{ staff_id: SOMEBODY.staff_id }]);
    expect(text("badge-said")).toContain(SOMEBODY.name);
    expect(text("badge-said")).toContain("19-05-2027");
  });
});

describe("the bar's list", () => {
  it("names what was no ticket in words, and never shows what a scanner sent", async () => {
    const raw = "https://evil.example/?q=7801234567890";
    const answers = [refusal("code_unknown", { code: raw }), refusal("ticket_malformed"), refusal("ticket_malformed")];
    const { till } = await open(
      selling({
        "scan.route": () => {
          throw answers.shift() ?? refusal("internal");
        },
      }),
    );
    till.go("redeem");
    await settle();
    for (const code of [raw, `T1${"A7".repeat(70)}`, "bmb 11725-z"]) {
      await till.scan(code);
      await settle();
    }
    const rows = [...document.querySelectorAll(".hrow b")].map((row) => row.textContent);
    expect(rows).toEqual(["BMB 11725-Z", "Ticket", "Otro código"]);
  });
});
