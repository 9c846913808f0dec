/** Card payments that need a person: the danger zone, the voucher, the void, the terminal's batch. */

import { describe, expect, it } from "vitest";

import type { CardPaymentView, OpenCardView, TillStatus } from "../src/lib/api/generated";
import { i18n } from "../src/lib/i18n/index.svelte";
import { differing, worstFirst } from "../src/routes/batch/batch";
import { refusal } from "./fake";
import * as night from "./fixtures";
import { find, key, open, pad, sees, selling, settle, tap, text, type Answers } from "./hands";

const DOUBT = night.openCards[0] as OpenCardView;
const UNCOUNTED = night.openCards[3] as OpenCardView;
const id = (one: OpenCardView) => one.card.payment.payment_id;

/** Opens the danger zone at one payment. */
async function look(one: OpenCardView, answers: Answers = {}, status: TillStatus = night.danger) {
  const opened = await open({
    "status.get": () => status,
    "card.list_open": () => night.openCards,
    ...answers,
  });
  await tap("cards-chip", `open-${one.card.payment.ticket_no}`);
  return opened;
}

const settled = (one: OpenCardView, over: object): CardPaymentView => ({
  ...one.card,
  payment: { ...one.card.payment, ...over } as CardPaymentView["payment"],
  manual: { by: "Antonia V.", at: night.NOW, note: "Voucher a la vista" },
});

describe("open card payments", () => {
  it("are silent when there are none", async () => {
    await open(selling());
    expect(sees("cards-chip")).toBe(false);
  });

  it("are counted in the bar and listed as the core orders them, with what settles each", async () => {
    await open({ "status.get": () => night.danger, "card.list_open": () => night.openCards });
    expect(text("cards-chip")).toContain("4 cobros abiertos");
    await tap("cards-chip");
    const rows = [...document.querySelectorAll<HTMLElement>("[data-testid^='open-']")];
    expect(rows.map((row) => row.dataset.testid)).toEqual(
      night.openCards.map((one) => `open-${one.card.payment.ticket_no}`),
    );
    const words = rows[0]?.textContent?.replace(/\s+/g, " ");
    expect(words).toContain("38.470");
    expect(words).toContain("venta 398 · ticket 00009C · Javiera P. · hace 2 h");
    expect(words).toContain("Preguntar al terminal · Anotar qué pasó");
  });

  it("have a place of their own: other notices stay in theirs", async () => {
    const { till } = await open({ "status.get": () => ({ ...night.everyNotice, open_cards: 2 }) });
    expect(text("notices-chip")).toContain("2 avisos");
    expect(till.notices.length).toBe(4);
  });

  it("are not looked at while the terminal has a payment", async () => {
    const { till } = await open(
      selling({
        "status.get": () => night.danger,
        "card.list_open": () => night.openCards,
        "card.start": () => night.cards.present,
        "card.get": () => night.cards.present,
      }),
    );
    await tap("pay", "tender-card", "charge-card", "cards-chip", `open-${DOUBT.card.payment.ticket_no}`);
    expect(till.room).toBe("card");
    expect(till.trouble?.code).toBe("card_in_progress");
  });

  it("are asked about at the terminal with Enter, and never charged", async () => {
    const { core, till } = await look(DOUBT, { "card.ask": () => DOUBT.card });
    await key("Enter");
    expect(core.argsOf("card.ask")).toEqual([{ payment_id: id(DOUBT) }]);
    expect(till.room).toBe("card");
    expect(text("card-headline")).toBe("No vuelva a cobrar");
    expect(core.argsOf("card.start")).toEqual([]);
  });
});

describe("settling by hand", () => {
  const approved = settled(DOUBT, { state: "approved", approval: night.APPROVAL, is_manual: true });

  async function typed(answers: Answers = {}) {
    const opened = await look(DOUBT, { "card.resolve": () => approved, ...answers });
    await tap("way-resolve", "outcome-approved");
    await pad("field-code", "441207");
    await pad("field-last4", "0461");
    await tap("why-0");
    return opened;
  }

  it("writes nothing before a second look, and the habit's keys only go back from it", async () => {
    const { core } = await typed();
    await key("Enter");
    expect(find("settle").dataset.sure).toBe("true");
    expect(text("sure-title")).toContain("se cobraron");
    await key("Enter");
    expect(find("settle").dataset.sure).toBe("false");
    await tap("settle-review", "settle-back");
    expect(find("settle").dataset.sure).toBe("false");
    expect(core.argsOf("card.resolve")).toEqual([]);
  });

  it("sends what was copied from the voucher, once", async () => {
    const { core } = await typed();
    await tap("settle-review", "sure-write");
    expect(core.argsOf("card.resolve")).toEqual([
      {
        payment_id: id(DOUBT),
        outcome: "approved",
        authorisation_code: "441207",
        last4: "0461",
        note: "Voucher a la vista",
      },
    ]);
    expect(find("card-stage").dataset.state).toBe("approved");
    expect(find("card-stage").textContent).toContain("Anotado a mano por Antonia V.");
  });

  it("needs code, digits and reason, and says which is missing", async () => {
    const { core, till } = await look(DOUBT);
    await tap("way-resolve", "settle-review");
    expect(find("settle").dataset.sure).toBe("false");
    await tap("outcome-approved", "settle-review");
    expect(till.trouble?.code).toBe("card_code_invalid");
    await pad("field-code", "441207");
    await tap("settle-review");
    expect(till.trouble?.code).toBe("card_digits_invalid");
    await pad("field-last4", "0461");
    await tap("settle-review");
    expect(till.trouble?.code).toBe("note_invalid");
    expect(core.argsOf("card.resolve")).toEqual([]);
  });

  it("sends no voucher with what was not charged", async () => {
    const { core } = await look(DOUBT, {
      "card.resolve": () => settled(DOUBT, { state: "declined", code: "manual", is_manual: true }),
    });
    await tap("way-resolve", "outcome-not_charged", "why-1", "settle-review");
    await key("F9");
    expect(core.argsOf("card.resolve")).toEqual([
      { payment_id: id(DOUBT), outcome: "not_charged", note: "Lo muestra el terminal" },
    ]);
    expect(text("card-headline")).toBe("No se cobró");
  });

  it("keeps four digits at most, and only digits", async () => {
    await look(DOUBT);
    await tap("way-resolve", "outcome-approved");
    await pad("field-last4", "046155");
    await tap("letter-A");
    expect((find("field-last4") as HTMLInputElement).value).toBe("0461");
  });

  it("stays where it is when another sale used that voucher", async () => {
    await typed({
      "card.resolve": () => {
        throw refusal("card_proof_used", { ticket_no: "00007C" });
      },
    });
    await tap("settle-review", "sure-write");
    expect(text("trouble")).toContain("00007C");
    expect(sees("settle")).toBe(true);
  });

  it("offers for a void only what a void can have come to", async () => {
    await look(night.openCards[1] as OpenCardView);
    await tap("way-resolve");
    expect(sees("outcome-voided") && sees("outcome-not_voided")).toBe(true);
    expect(sees("outcome-approved") || sees("outcome-not_charged")).toBe(false);
  });

  it("is not done by who may not, and says who may", async () => {
    const { core } = await look(DOUBT, {}, night.dangerCashier);
    expect(text("way-resolve")).toContain("Lo hace la encargada");
    await tap("way-resolve");
    expect(text("trouble")).toContain("Resolver un cobro en duda lo hace la encargada");
    expect(sees("outcome-approved")).toBe(false);
    expect(core.argsOf("card.resolve")).toEqual([]);
  });

  it("gives way to the terminal's own word", async () => {
    const { core, till } = await look(DOUBT);
    await tap("way-resolve", "outcome-approved");
    core.tell({ notice: "card", card: { ...DOUBT.card, payment: { ...night.cards.declined.payment, payment_id: id(DOUBT) } } });
    await settle();
    expect(till.room).toBe("card");
    expect(text("card-headline")).toBe("No se cobró");
  });

  it("does not finish a sale that is not the payment's", async () => {
    const { core } = await typed();
    await tap("settle-review", "sure-write", "card-go-on");
    expect(core.argsOf("sale.complete")).toEqual([]);
    expect(sees("cart-empty")).toBe(true);
  });

  it("is reached from the doubt at the counter, and leads back to it", async () => {
    const uncertain = night.cards.uncertain;
    const { till } = await open(
      selling({
        "status.get": () => ({ ...night.danger, uncertain_payments: [uncertain] }),
        "card.get": () => uncertain,
        "card.list_open": () => [{ ...DOUBT, card: uncertain }],
      }),
    );
    await tap("pay", "tender-card", "doubt-resolve", "outcome-not_charged");
    expect(till.room).toBe("settle");
    await key("Escape");
    expect(till.room).toBe("card");
    expect(text("card-headline")).toBe("No vuelva a cobrar");
  });
});

describe("giving back", () => {
  it("hands cash over after a second look, and says so", async () => {
    const { core } = await look(UNCOUNTED, { "card.return": () => settled(UNCOUNTED, { returned: "cash" }) });
    await tap("way-return", "return-cash", "why-0", "settle-review");
    expect(text("sure-title")).toContain("Entregue $ 24.501 en efectivo");
    expect(core.argsOf("card.return")).toEqual([]);
    await tap("sure-write");
    expect(core.argsOf("card.return")).toEqual([{ payment_id: id(UNCOUNTED), way: "cash", note: "Pagó dos veces" }]);
    expect(text("card-headline")).toBe("Devuelto");
  });

  it("takes no cash from a drawer that is closed", async () => {
    const { till } = await look(UNCOUNTED, {}, { ...night.danger, session: null });
    await tap("way-return", "return-cash");
    expect(till.trouble?.code).toBe("session_not_open");
    await tap("why-0", "settle-review");
    expect(find("settle").dataset.sure).toBe("false");
    expect(find("return-cash").getAttribute("aria-checked")).toBe("false");
  });
});

describe("undoing a card before the sale is complete", () => {
  const partly = night.sale(night.four.sale.lines, { cards: [night.part], paid_minor: 14_501, left_minor: 10_000 });
  const voiding = night.card({ ...night.cards.voiding.payment, state: "voiding" } as never, {}, 14_501);
  const supervised = (answers: Answers) =>
    selling({
      "status.get": () => night.status({ operator: night.manager }),
      "sale.current": () => partly,
      "card.void": () => voiding,
      "card.get": () => voiding,
      ...answers,
    });

  it("says the terminal's limits first, and asks only after a second look", async () => {
    const { core } = await open(supervised({}));
    await tap("pay", `void-${night.part.payment.ticket_no}`);
    expect(text("settle")).toContain("El débito no se anula");
    await key("Enter");
    expect(core.argsOf("card.void")).toEqual([]);
    expect(sees("tender-cash")).toBe(true);
    await tap(`void-${night.part.payment.ticket_no}`, "sure-write");
    expect(core.argsOf("card.void")).toEqual([{ payment_id: night.part.payment.payment_id }]);
    expect(text("card-headline")).toBe("Anulando en el terminal");
  });

  it("is a key only where the core says it can be", async () => {
    const fixed = { ...partly, cards: [{ ...night.part, can_void: false }] };
    await open(supervised({ "sale.current": () => fixed }));
    await tap("pay");
    expect(sees(`void-${night.part.payment.ticket_no}`)).toBe(false);
    expect(sees(`leg-${night.part.payment.ticket_no}`)).toBe(true);
  });

  it("says who may to a cashier", async () => {
    const { core } = await open(supervised({ "status.get": () => night.status() }));
    await tap("pay", `void-${night.part.payment.ticket_no}`);
    expect(find("trouble").dataset.code).toBe("permission_denied");
    expect(core.argsOf("card.void")).toEqual([]);
  });

  it("that the terminal refuses leaves the sale as it was, with the code, and completes nothing", async () => {
    const paid = { ...partly, left_minor: 0 };
    const { core } = await open(supervised({ "sale.current": () => paid }));
    await tap("pay", `void-${night.part.payment.ticket_no}`, "sure-write");
    const refused = { ...night.part, payment: { ...night.part.payment, void_refused: "12" } };
    core.tell({ notice: "card", card: refused });
    await settle();
    expect(text("card-headline")).toBe("No se anuló");
    expect(text("card-about")).toContain("código 12");
    await tap("card-go-on");
    expect(core.argsOf("sale.complete")).toEqual([]);
    expect(sees("tender-cash")).toBe(true);
  });

  it("says that debit goes back in cash", async () => {
    const { core } = await open(supervised({}));
    await tap("pay", `void-${night.part.payment.ticket_no}`, "sure-write");
    core.tell({ notice: "card", card: { ...night.part, payment: { ...night.part.payment, void_refused: "08" } } });
    await settle();
    expect(text("card-about")).toContain("no anula débito");
  });

  it("in doubt lets nobody hand cash over by habit", async () => {
    const { core } = await open(supervised({}));
    await tap("pay", `void-${night.part.payment.ticket_no}`, "sure-write");
    for (const name of ["Enter", "F9", "F10", "Escape"]) await key(name);
    await tap("card-waiting");
    expect(find("voiding-leave").hasAttribute("disabled")).toBe(true);
    expect(find("card-stage").dataset.state).toBe("voiding");
    expect(core.argsOf("sale.complete")).toEqual([]);
    expect(core.argsOf("card.void").length).toBe(1);
  });
});

describe("a terminal without a cable", () => {
  const manual = (answers: Answers) => selling({ "status.get": () => night.cableless, ...answers });

  it("is charged by hand: code and digits are copied, and the sale is finished", async () => {
    let isPaid = false;
    const { core } = await open(
      manual({
        "card.enter_manual": () => {
          isPaid = true;
          return { ...night.cards.approved, payment: { ...night.cards.approved.payment, is_manual: true } };
        },
        "sale.current": () => (isPaid ? night.sale(night.four.sale.lines, { left_minor: 0 }) : night.four),
        "sale.complete": () => night.completedCard,
      }),
    );
    await tap("pay", "tender-card", "charge-card");
    expect(find("voucher-amount").dataset.minor).toBe("24501");
    expect(find("voucher").textContent).toContain("escrito a mano");
    await pad("field-code", "093412");
    await pad("field-last4", "4417");
    await tap("type-DB", "voucher-write");
    expect(core.argsOf("card.enter_manual")).toEqual([
      { amount_minor: 24_501, authorisation_code: "093412", last4: "4417", card_type: "DB" },
    ]);
    expect(core.argsOf("card.start")).toEqual([]);
    expect(sees("change-screen")).toBe(true);
  });

  it("takes a part, and no voucher that is not whole", async () => {
    const { core, till } = await open(manual({}));
    await tap("pay", "tender-card", "digit-5", "pad-corner", "charge-card");
    expect(find("voucher-amount").dataset.minor).toBe("5000");
    await key("Enter");
    expect(till.trouble?.code).toBe("card_code_invalid");
    await pad("field-code", "09");
    await key("Enter");
    expect(till.trouble?.code).toBe("card_digits_invalid");
    expect(core.argsOf("card.enter_manual")).toEqual([]);
  });

  it("has no batch to close from here", async () => {
    await open(manual({}));
    await key("F8");
    expect(sees("close-register")).toBe(true);
    expect(sees("to-batch")).toBe(false);
  });
});

describe("the terminal's batch", () => {
  const supervised = (answers: Answers): Answers => ({
    "status.get": () => night.status({ operator: night.manager }),
    ...answers,
  });
  async function batch(answers: Answers) {
    const opened = await open(supervised(answers));
    await key("F8");
    await tap("to-batch");
    return opened;
  }

  it("lets the terminal print only what it can, and no key beneath counts meanwhile", async () => {
    const { core } = await batch({
      "card.read_batch": () => night.evenBatch,
      "card.services": () => night.transbankServices,
      "card.serve": () => ({ lines: [] }),
    });
    await tap("to-services");
    expect(sees("service-load_keys")).toBe(true);
    expect(sees("service-sim")).toBe(false);
    await key("Enter");
    expect(core.argsOf("card.close_batch")).toEqual([]);
    await tap("service-last_voucher");
    expect(core.argsOf("card.serve")).toEqual([{ service: "last_voucher" }]);
    expect(text("service-said")).toBe("El terminal imprimió el último voucher.");
  });

  it("hands the terminal over only after a second touch", async () => {
    const { core } = await batch({
      "card.read_batch": () => night.evenBatch,
      "card.services": () => night.transbankServices,
      "card.serve": () => ({ lines: [] }),
    });
    await tap("to-services", "service-stand_alone");
    expect(core.argsOf("card.serve")).toEqual([]);
    await tap("service-back", "service-stand_alone", "service-hand-over");
    expect(core.argsOf("card.serve")).toEqual([{ service: "stand_alone" }]);
    expect(text("service-said")).toBe("El terminal quedó suelto.");
  });

  it("prints the voucher of one payment again, and shows what a terminal without paper sent", async () => {
    const { core } = await batch({
      "card.read_batch": () => night.evenBatch,
      "card.services": () => night.getnetServices,
      "card.serve": () => ({ lines: ["WIEDERHOLUNG", "19,90"] }),
      "card.print_voucher": () => ({ lines: [] }),
    });
    const voucher = night.getnetServices.vouchers[1];
    await tap("to-services", `voucher-${voucher?.payment_id}`);
    expect(core.argsOf("card.print_voucher")).toEqual([{ payment_id: voucher?.payment_id }]);
    expect(text("service-said")).toBe("El terminal imprimió el voucher.");
    await tap("service-sale_kind", "kind-exempt");
    expect(core.argsOf("card.serve")).toEqual([{ service: "sale_kind", sale_kind: "exempt" }]);
    expect(text("service-lines")).toContain("WIEDERHOLUNG");
  });

  it("says why the terminal would not", async () => {
    await batch({
      "card.read_batch": () => night.evenBatch,
      "card.services": () => night.transbankServices,
      "card.serve": () => {
        throw refusal("terminal_denied", { code: "26" });
      },
    });
    await tap("to-services", "service-totals");
    expect(text("services-panel")).toContain("código 26");
    expect(sees("service-said")).toBe(false);
  });

  it("is read when it is opened, and closed by Enter when all agrees", async () => {
    const { core } = await batch({
      "card.read_batch": () => night.evenBatch,
      "card.close_batch": () => night.closedBatch,
    });
    expect(find("batch-ours").dataset.minor).toBe(find("batch-terminal").dataset.minor);
    expect(find("batch-difference").dataset.minor).toBe("0");
    await key("Enter");
    expect(core.argsOf("card.close_batch")).toEqual([{}]);
    expect(sees("batch-closed")).toBe(true);
  });

  it("shows what differs first", () => {
    const lines = worstFirst(night.oddBatch.comparison.lines);
    expect(lines.slice(0, 4).map((line) => line.verdict)).toEqual(["differs", "only_there", "only_here", "agrees"]);
    expect(lines.length).toBe(night.oddBatch.comparison.lines.length);
    expect(differing(lines)).toBe(3);
  });

  it("is closed with a difference only after it was looked at", async () => {
    const { core } = await batch({
      "card.read_batch": () => night.oddBatch,
      "card.close_batch": () => night.closedBatch,
    });
    expect(find("batch-difference").dataset.minor).toBe("13291");
    await key("Enter");
    expect(text("sure-title")).toContain("13.291");
    await key("Enter");
    expect(core.argsOf("card.close_batch")).toEqual([]);
    await tap("batch-go", "sure-write");
    expect(core.argsOf("card.close_batch")).toEqual([{ accepts_difference: true }]);
  });

  it("is closed by its sum where the terminal has no list", async () => {
    const { core } = await batch({
      "card.read_batch": () => night.sumBatch,
      "card.close_batch": () => night.closedBatch,
    });
    expect(find("batch-difference").dataset.minor).toBe("0");
    expect(differing(night.sumBatch.comparison.lines)).toBe(0);
    await key("Enter");
    expect(core.argsOf("card.close_batch")).toEqual([{}]);
  });

  it("is closed without comparing only after it was looked at, where the terminal says nothing", async () => {
    const { core } = await batch({
      "card.read_batch": () => night.untoldBatch,
      "card.close_batch": () => night.closedBatch,
    });
    expect(sees("batch-untold")).toBe(true);
    expect(sees("batch-difference")).toBe(false);
    await key("Enter");
    expect(core.argsOf("card.close_batch")).toEqual([]);
    await tap("sure-write");
    expect(core.argsOf("card.close_batch")).toEqual([{ accepts_difference: true }]);
  });

  it("stays open while a payment is in doubt, and leads there", async () => {
    const { core, till } = await batch({
      "card.read_batch": () => night.doubtfulBatch,
      "card.list_open": () => night.openCards,
    });
    expect(text("batch-doubts")).toContain("la memoria del terminal es la que los resuelve");
    for (const name of ["Enter", "F9"]) await key(name);
    expect(till.panel).toBe("cards");
    expect(core.argsOf("card.close_batch")).toEqual([]);
  });

  it("can be read again when the terminal did not answer", async () => {
    let asked = 0;
    await batch({
      "card.read_batch": () => {
        asked += 1;
        if (asked === 1) throw refusal("terminal_unreachable");
        return night.evenBatch;
      },
    });
    expect(find("trouble").dataset.code).toBe("terminal_unreachable");
    await key("Enter");
    expect(sees("batch-ours")).toBe(true);
  });

  it("is offered when the register is closed", async () => {
    const { till } = await open(
      supervised({ "register.close": () => night.z, "card.read_batch": () => night.evenBatch }),
    );
    await key("F8");
    await tap("close-register", "seal", "sealed-batch");
    expect(till.room).toBe("batch");
  });

  it("is not a cashier's, who is told whose it is", async () => {
    const { core, till } = await open({ "card.read_batch": () => night.evenBatch });
    await key("F8");
    await tap("to-batch");
    expect(find("trouble").dataset.code).toBe("permission_denied");
    expect(till.room).toBe("sell");
    expect(core.argsOf("card.read_batch")).toEqual([]);
  });
});

describe("reports", () => {
  it("show what people wrote down and gave back, in X and Z", async () => {
    const { till } = await open({
      "status.get": () => night.status({ operator: night.manager }),
      "register.read": () => night.handReading,
    });
    await key("F8");
    expect(find("x-manual").dataset.minor).toBe("38470");
    expect(find("x-returned").dataset.minor).toBe("-24501");
    const moved = (paper: string) => ["paid-in", "paid-out", "dropped"].map((one) => find(`${paper}-${one}`).dataset.minor);
    expect(moved("x")).toEqual(["50000", "-8500", "-600000"]);
    till.sealed = night.handZ;
    await settle();
    expect(text("z-manual")).toContain("38.470");
    expect(find("z-returned").dataset.minor).toBe("-24501");
    expect(moved("z")).toEqual(["50000", "-8500", "-600000"]);
  });

  it("have no such lines on an ordinary night", async () => {
    await open({ "register.read": () => night.fullReading });
    await key("F8");
    expect(sees("register-panel")).toBe(true);
    expect(sees("x-manual") || sees("x-returned")).toBe(false);
  });
});

describe("the words", () => {
  it.each(["es", "en"] as const)("are calm and whole (%s)", (language) => {
    i18n.use(language);
    const said: string[] = [];
    const gather = (value: unknown): void => {
      if (typeof value === "string") said.push(value);
      // Amounts, names, codes and counts alike.
      else if (typeof value === "function") said.push(String((value as (...facts: unknown[]) => string)(2, "12")));
      else if (typeof value === "object" && value !== null) Object.values(value).forEach(gather);
    };
    gather(i18n.t.cards);
    i18n.use("es");
    expect(said.length).toBeGreaterThan(150);
    for (const words of said) expect(words).not.toMatch(/!|undefined|NaN|\berror\b|por favor|please/i);
  });
});
