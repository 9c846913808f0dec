/** The window against a scripted core: what it asks, and where it leads. */

import { describe, expect, it, vi } from "vitest";

import { Core } from "../src/lib/api/commands";
import type { CardPaymentView, Commands, Notice, PrintJobView, ScanOutcome, TillStatus } from "../src/lib/api/generated";
import { i18n } from "../src/lib/i18n/index.svelte";
import { noticesOf } from "../src/lib/notices";
import type { Sound } from "../src/lib/sounds";
import { Till } from "../src/lib/till.svelte";
import { FakeTransport, refusal } from "./fake";
import * as night from "./fixtures";
import { find, key, open, sees, selling, settle, stand, tap, type Answers } from "./hands";

describe("signing in", () => {
  const out = night.status({ operator: null });

  it("asks with the person and the PIN, and forgets the PIN at once", async () => {
    const { core } = await open({ "status.get": () => out, "operator.log_in": () => night.status() });
    await tap(`person-${night.staff[1]?.staff_id}`, "pin-1", "pin-2", "pin-3", "pin-4", "pin-enter");
    expect(core.argsOf("operator.log_in")).toEqual([{ staff_id: night.staff[1]?.staff_id, pin: "1234" }]);
    expect(sees("pay") || sees("repeat-last")).toBe(true);
  });

  it("does not ask with fewer than four digits", async () => {
    const { core } = await open({ "status.get": () => out });
    await tap("pin-1", "pin-2", "pin-3", "pin-enter");
    expect(core.argsOf("operator.log_in")).toEqual([]);
  });

  it("says how many tries are left, beside the pad", async () => {
    const wrong = () => {
      throw refusal("pin_wrong", { tries_left: 2 });
    };
    await open({ "status.get": () => out, "operator.log_in": wrong });
    await tap("pin-9", "pin-9", "pin-9", "pin-9", "pin-enter");
    expect(find("trouble").textContent).toContain("Quedan 2 intentos");
  });

  it("locks with F12 from anywhere", async () => {
    const { core } = await open(selling({ "operator.log_out": () => out }));
    await tap("pay");
    await key("F12");
    expect(core.argsOf("operator.log_out").length).toBe(1);
    expect(sees("pin-enter")).toBe(true);
  });
});

describe("where the till leads", () => {
  const bare: Partial<TillStatus> = { session: null };

  it("is the linking screen while nobody knows it", async () => {
    await open({ "status.get": () => night.status({ is_enrolled: false, operator: null, session: null }) });
    expect(sees("enrol-server")).toBe(true);
  });

  it("is the float count before the drawer is open, and the counter after", async () => {
    const { core } = await open({ "status.get": () => night.status(bare), "register.open": () => night.status() });
    await tap("digit-3", "count-next", "digit-1", "digit-0", "open-register");
    expect(core.argsOf("register.open")).toEqual([
      {
        float: [
          { denomination_minor: 20_000, count: 3 },
          { denomination_minor: 10_000, count: 10 },
        ],
      },
    ]);
    expect(sees("tiles")).toBe(true);
  });

  it("is the bar for a person who may not sell", async () => {
    const bartender = night.status({
      session: null,
      operator: { staff_id: "b", name: "Diego M.", roles: ["bartender"], may: ["redeem_ticket"], may_with_approval: [] },
    });
    await open({ "status.get": () => bartender });
    expect(sees("redeem-idle")).toBe(true);
    expect(sees("to-sell")).toBe(false);
  });

  it("is a sentence and a code when the core cannot start", async () => {
    const broken = () => {
      throw refusal("ledger_in_use");
    };
    await open({ "status.get": broken });
    expect(find("broken").dataset.code).toBe("ledger_in_use");
  });
});

describe("selling", () => {
  it("adds a tapped product, and three after 3 ×", async () => {
    const { core } = await open({ "sale.add": () => night.four });
    const first = night.products[0];
    await tap(`tile-${first?.sku}`, "digit-3", "pad-corner", `tile-${first?.sku}`);
    expect(core.argsOf("sale.add")).toEqual([
      { product_id: first?.product_id },
      { product_id: first?.product_id, quantity_milli: 3000 },
    ]);
  });

  it("shows the total the core gave, not one of its own", async () => {
    await open(
      selling({
        "sale.current": () => night.sale(night.four.sale.lines, { totals: { ...night.four.totals, total_minor: 7 } }),
      }),
    );
    expect(find("total").dataset.minor).toBe("7");
  });

  it("finishes with F10 on the cash due, rounded by the core", async () => {
    const { core } = await open(selling({ "sale.complete": () => night.completedCash }));
    await key("F10");
    expect(core.argsOf("sale.complete")).toEqual([{ cash_tendered_minor: 24_500 }]);
    expect(find("change-due").dataset.minor).toBe("5500");
  });

  it("gives a removed line back with Ctrl+Z", async () => {
    const { core } = await open(selling({ "sale.remove": () => night.empty, "sale.add": () => night.four }));
    await key("Delete");
    expect(sees("undo")).toBe(true);
    await key("z", { ctrlKey: true });
    const last = night.four.sale.lines.at(-1);
    expect(core.argsOf("sale.add")).toEqual([{ product_id: last?.product_id, quantity_milli: last?.quantity_milli }]);
  });

  it("removes a line instead of selling none of it", async () => {
    const { core } = await open(selling({ "sale.remove": () => night.empty }));
    await tap("less");
    expect(core.argsOf("sale.remove")).toEqual([{ line_no: 4 }]);
    expect(core.argsOf("sale.set_quantity")).toEqual([]);
  });

  it("repeats the last sale from an empty counter", async () => {
    const { core } = await open({ "sale.repeat_last": () => night.four });
    await tap("repeat-last");
    expect(core.argsOf("sale.repeat_last").length).toBe(1);
    expect(sees("pay")).toBe(true);
  });

  it("says an unknown code with its digits, and sells on", async () => {
    const unknown = () => {
      throw refusal("code_unknown", { code: "7801234567890" });
    };
    const { till } = await open(selling({ "scan.route": unknown }));
    await till.scan("7801234567890");
    await settle();
    expect(find("trouble").textContent).toContain("7801234567890");
    expect(sees("pay")).toBe(true);
  });

  it("shows the sale of a scanned receipt alone, and all of them again when asked", async () => {
    const sale = { ...night.completedCash, receipt_no: 77 };
    const { till } = await open(selling({ "scan.route": () => ({ kind: "receipt", sale }) }));
    await till.scan("RBMB000077");
    await settle();
    expect(find("last-panel").textContent).toContain("77");
    expect(sees("reprint-77")).toBe(true);
    await key("Escape");
    await key("F7");
    expect(sees("reprint-77")).toBe(false);
  });
});

describe("cash", () => {
  it("adds tapped notes and hands over what the core says", async () => {
    const { core } = await open(selling({ "sale.complete": () => night.completedCash }));
    await tap("pay", "note-20000", "note-10000");
    expect(find("received").dataset.minor).toBe("30000");
    await tap("finish");
    expect(core.argsOf("sale.complete")).toEqual([{ cash_tendered_minor: 30_000 }]);
    await key("Enter");
    expect(sees("change-screen")).toBe(false);
  });

  it("is exact when nothing was touched: F9, Enter", async () => {
    const { core } = await open(selling({ "sale.complete": () => night.completedCash }));
    await key("F9");
    await key("Enter");
    expect(core.argsOf("sale.complete")).toEqual([{ cash_tendered_minor: 24_500 }]);
  });

  it("shows what is missing and lets the core refuse", async () => {
    const short = () => {
      throw refusal("tender_short", { missing_minor: 4_500 });
    };
    await open(selling({ "sale.complete": short }));
    await tap("pay", "note-20000");
    expect(find("missing").dataset.minor).toBe("4500");
    await tap("finish");
    expect(find("trouble").dataset.code).toBe("tender_short");
  });

  it("does not pay twice when Enter is pressed twice before the answer", async () => {
    let answer: (sale: Commands["sale.complete"]["answer"]) => void = () => {};
    const slow = () => new Promise<Commands["sale.complete"]["answer"]>((done) => (answer = done));
    const { core } = await open(selling({ "sale.complete": slow }));
    await key("F9");
    await key("Enter");
    await key("Enter");
    answer(night.completedCash);
    await settle();
    expect(core.argsOf("sale.complete").length).toBe(1);
  });
});

describe("card", () => {
  const started = (card: CardPaymentView) => selling({ "card.start": () => card, "card.get": () => card });
  const pay = async (answers: Answers) => {
    const opened = await open(answers);
    await tap("pay", "tender-card", "charge-card");
    return opened;
  };

  it("starts for all that is left, without an amount of its own", async () => {
    const { core } = await pay(started(night.cards.present));
    expect(core.argsOf("card.start")).toEqual([{}]);
    expect(find("card-stage").dataset.state).toBe("in_progress");
  });

  it("starts for a typed part", async () => {
    const opened = await open(started(night.cards.present));
    await tap("pay", "tender-card", "digit-5", "pad-corner", "charge-card");
    expect(opened.core.argsOf("card.start")).toEqual([{ amount_minor: 5_000 }]);
  });

  it("offers to cancel only while the core says so", async () => {
    const { core } = await pay(started(night.cards.present));
    expect(sees("card-cancel")).toBe(true);
    core.tell({ notice: "card", card: night.cards.pin });
    await settle();
    expect(sees("card-cancel")).toBe(false);
  });

  it("finishes by itself when approved for the whole sale", async () => {
    let approved = false;
    const { core } = await pay({
      ...started(night.cards.present),
      "sale.current": () => (approved ? night.sale(night.four.sale.lines, { left_minor: 0 }) : night.four),
      "sale.complete": () => night.completedCard,
    });
    approved = true;
    core.tell({ notice: "card", card: night.cards.approved });
    await settle();
    expect(core.argsOf("sale.complete")).toEqual([{}]);
    expect(find("change-screen").textContent).toContain("Pagado con tarjeta");
  });

  it("returns for the rest in cash after a part", async () => {
    let approved = false;
    const { core } = await pay({
      ...started(night.cards.present),
      "sale.current": () =>
        approved ? night.sale(night.four.sale.lines, { left_minor: 10_000, cash_due_minor: 10_000 }) : night.four,
    });
    approved = true;
    core.tell({ notice: "card", card: night.cards.approved });
    await settle();
    expect(find("due").dataset.minor).toBe("10000");
    expect(core.argsOf("sale.complete")).toEqual([]);
  });

  it.each([
    ["declined", night.cards.declined],
    ["not_started", night.cards.refused],
    ["voided", night.cards.voided],
  ] as const)("%s says first what happened to the money", async (state, card) => {
    const { core } = await pay(started(night.cards.present));
    core.tell({ notice: "card", card });
    await settle();
    expect(find("card-stage").dataset.state).toBe(state);
    expect(find("card-about").textContent).toMatch(/^(No se cobró nada|Devueltos)/);
  });

  it("declined is tried again with a new payment, which takes the screen", async () => {
    const again: CardPaymentView = {
      ...night.cards.present,
      payment: { ...night.cards.present.payment, payment_id: "0193a5c2-0000-7000-8000-00000000aaaa" },
    };
    let times = 0;
    const { core } = await pay({ ...started(night.cards.present), "card.start": () => (times++ ? again : night.cards.present) });
    core.tell({ notice: "card", card: night.cards.declined });
    await settle();
    await tap("card-retry");
    expect(core.argsOf("card.start").length).toBe(2);
    expect(find("card-stage").dataset.state).toBe("in_progress");
    const refused = { ...night.cards.refused, payment: { ...night.cards.refused.payment, payment_id: again.payment.payment_id } };
    core.tell({ notice: "card", card: refused });
    await settle();
    expect(find("card-stage").dataset.state).toBe("not_started");
  });

  it("in doubt forbids a second charge, and nothing on screen or keyboard makes one", async () => {
    const { core } = await pay(started(night.cards.present));
    core.tell({ notice: "card", card: night.cards.uncertain });
    await settle();
    expect(find("card-headline").textContent).toBe("No vuelva a cobrar");
    for (const name of ["Enter", "F9", "F10", "Escape"]) await key(name);
    await tap("card-waiting");
    expect(sees("card-cancel") || sees("card-retry")).toBe(false);
    expect(core.argsOf("card.start").length).toBe(1);
    expect(core.argsOf("sale.complete")).toEqual([]);
    expect(find("doubt-cash").hasAttribute("disabled")).toBe(true);
  });

  it("is not offered while another payment is in doubt", async () => {
    const doubtful = night.status({ uncertain_payments: [night.cards.uncertain] });
    const { core } = await open(selling({ "status.get": () => doubtful }));
    await tap("pay", "tender-card");
    expect(find("card-headline").textContent).toBe("No vuelva a cobrar");
    expect(sees("charge-card")).toBe(false);
    await tap("doubt-cash");
    expect(sees("finish")).toBe(true);
    expect(core.argsOf("card.start")).toEqual([]);
  });
});

describe("the bar", () => {
  const read = (answers: Answers) => async () => {
    const opened = await open(answers);
    await opened.till.scan("T1.signed");
    await settle();
    return opened;
  };

  it("hands over everything with Enter, and calmly says so", async () => {
    const { core } = await read({
      "scan.route": () => ({ kind: "ticket", ticket: night.ticket("valid") }),
      "ticket.redeem": () => night.ticket("delivered"),
    })();
    expect(find("verdict").dataset.verdict).toBe("valid");
    await key("Enter");
    expect(core.argsOf("ticket.redeem")).toEqual([{ code: "T1.signed" }]);
    expect(sees("served")).toBe(true);
    expect(sees("verdict")).toBe(false);
  });

  it("hands over one line and keeps the rest owed", async () => {
    const { core } = await read({
      "scan.route": () => ({ kind: "ticket", ticket: night.ticket("valid") }),
      "ticket.redeem": () => night.partial,
    })();
    await tap("give-2");
    expect(core.argsOf("ticket.redeem")).toEqual([{ code: "T1.signed", lines: [{ line_no: 2, quantity: 1 }] }]);
    expect(sees("owed-1") && sees("served-2")).toBe(true);
  });

  const manager = () =>
    night.status({
      operator: {
        staff_id: "m",
        name: "Antonia",
        roles: ["manager"],
        may: ["sell", "redeem_ticket", "void_ticket"],
        may_with_approval: [],
      },
    });

  it("withdraws a ticket with a reason, after a second look", async () => {
    const { core } = await read({
      "status.get": manager,
      "scan.route": () => ({ kind: "ticket", ticket: night.ticket("valid") }),
      "ticket.void": () => night.ticket("void"),
    })();
    await tap("void-ticket", "void-review");
    expect(find("voiding").dataset.sure).toBe("false");
    await tap("why-1", "void-review");
    expect(find("voiding").dataset.sure).toBe("true");
    await key("Enter");
    expect(find("voiding").dataset.sure).toBe("false");
    await key("Enter");
    expect(core.argsOf("ticket.void")).toEqual([]);
    await key("F9");
    expect(core.argsOf("ticket.void")).toEqual([{ code: "T1.signed", reason: "Se vendió por error" }]);
    expect(find("verdict").dataset.verdict).toBe("void");
    expect(sees("voiding") || sees("void-ticket")).toBe(false);
  });

  it("leaves a withdrawal with Escape", async () => {
    const { core } = await read({
      "status.get": manager,
      "scan.route": () => ({ kind: "ticket", ticket: night.ticket("valid") }),
    })();
    await tap("void-ticket");
    await key("Escape");
    expect(sees("verdict") && sees("give-all")).toBe(true);
    expect(core.argsOf("ticket.void")).toEqual([]);
  });

  it("offers to withdraw nothing that is delivered", async () => {
    await read({
      "status.get": manager,
      "scan.route": () => ({ kind: "ticket", ticket: night.ticket("delivered") }),
    })();
    expect(sees("void-ticket")).toBe(false);
  });

  it("offers no withdrawal to who may not, alone or with somebody", async () => {
    await read({ "scan.route": () => ({ kind: "ticket", ticket: night.ticket("valid") }) })();
    expect(sees("verdict")).toBe(true);
    expect(sees("void-ticket")).toBe(false);
  });

  it("takes back what was just handed over, while there is time", async () => {
    const { core } = await read({
      "scan.route": () => ({ kind: "ticket", ticket: night.ticket("valid") }),
      "ticket.redeem": () => night.justServed,
      "ticket.undo": () => night.ticket("valid"),
    })();
    expect(sees("undo")).toBe(false);
    await tap("give-all");
    expect(find("undo").textContent).toContain("7");
    await tap("undo");
    expect(core.argsOf("ticket.undo")).toEqual([
      { code: "T1.signed", redemption_id: night.justServed.history[0]?.redemption_id },
    ]);
    expect(find("verdict").dataset.verdict).toBe("valid");
    expect(sees("undo")).toBe(false);
  });

  it.each([
    ["ticket_in_review", "review"],
    ["ticket_void", "used"],
  ] as const)("shows %s while handing over as a verdict", async (code, flood) => {
    await read({
      "scan.route": () => ({ kind: "ticket", ticket: night.ticket("valid") }),
      "ticket.redeem": () => {
        throw refusal(code);
      },
    })();
    await tap("give-all");
    expect(find("verdict").className).toContain(flood);
  });

  it("says whose word is missing, and holds back where the venue wants that", async () => {
    const { core } = await read({
      "scan.route": () => ({
        kind: "ticket",
        ticket: night.ticket("valid", { blind: night.blind({ policy: { rule: "refuse" }, is_allowed: false }) }),
      }),
    })();
    expect(find("blind").textContent).toContain("Barra Terraza y VIP");
    expect(find("verdict").className).toContain("review");
    expect(sees("give-all") || sees("give-1")).toBe(false);
    await key("Enter");
    expect(core.argsOf("ticket.redeem")).toEqual([]);
  });

  it("never hands over a served paper, whatever key falls", async () => {
    const { core } = await read({ "scan.route": () => ({ kind: "ticket", ticket: night.ticket("delivered") }) })();
    expect(find("verdict").textContent).toContain("Matías S.");
    await key("Enter");
    expect(core.argsOf("ticket.redeem")).toEqual([]);
    expect(sees("redeem-idle")).toBe(true);
  });

  it("shows a cashier who may not hand over the verdict, and no key for it", async () => {
    const operator = { staff_id: "c", name: "Javiera P.", roles: ["cashier" as const], may: ["sell" as const], may_with_approval: [] };
    const { core } = await read({
      "status.get": () => night.status({ operator }),
      "scan.route": () => ({ kind: "ticket", ticket: night.ticket("valid") }),
    })();
    expect(sees("owed-1")).toBe(true);
    expect(sees("give-all") || sees("give-1")).toBe(false);
    await key("Enter");
    expect(core.argsOf("ticket.redeem")).toEqual([]);
  });

  it("floods red for a forged paper and stays ready for the next", async () => {
    let forged = true;
    const { till } = await read({
      "scan.route": () => {
        if (forged) throw refusal("ticket_signature_invalid");
        return { kind: "ticket", ticket: night.ticket("valid") };
      },
    })();
    expect(find("verdict").className).toContain("danger");
    forged = false;
    await till.scan("T1.other");
    await settle();
    expect(find("verdict").dataset.verdict).toBe("valid");
  });
});

describe("closing", () => {
  it("counts blind: nothing expected is on screen before the seal", async () => {
    const { core } = await open({ "register.close": () => night.z });
    await key("F8");
    await tap("close-register");
    expect(document.body.textContent).not.toContain("694.000");
    await tap("digit-7", "seal");
    expect(core.argsOf("register.close")).toEqual([{ counted: [{ denomination_minor: 20_000, count: 7 }] }]);
    expect(find("variance").dataset.minor).toBe("-2000");
  });
});

describe("the status bar", () => {
  it.each<[string, TillStatus, string]>([
    ["what is left to send", night.status(), "Por enviar 6"],
    ["calmly that the line is gone", night.offline, "Sin internet desde 23:41"],
    ["which device needs a hand", night.troubled, "Impresora: 2 pendientes"],
    ["which devices are simulated", night.simulated, "simulada"],
  ])("says %s", async (_, status, words) => {
    await open({ "status.get": () => status });
    expect(find("status-bar").textContent?.replace(/\s+/g, " ")).toContain(words);
  });

  it("says that everything was sent, when it was", async () => {
    const { core } = await open();
    const server = { ...night.status().server, state: "up_to_date" as const, unsent_events: 0 };
    core.tell({ notice: "status", status: night.status({ server }) });
    await settle();
    expect(find("net-chip").textContent).toContain("Enviado 23:52");
  });
});

describe("paper in doubt", () => {
  const job: PrintJobView = {
    job_id: 7,
    paper: "ticket",
    name: "BMB 11725-K",
    copy_no: 0,
    queued_at: night.NOW - 3 * night.MINUTE,
    doubt: "line_broke",
    can_print_again: true,
  };
  const paper = { in_doubt: 1, other_printer: "tcp://192.168.1.21:9100", uses_spare: false, is_drawer_open: true };

  it("is named with its reason, and printed again only by a person", async () => {
    const { core } = await open({
      "status.get": () => night.status({ paper }),
      "printer.jobs": () => ({ jobs: [job], waiting: 0, in_doubt: 1 }),
      "printer.print_again": () => ({ jobs: [], waiting: 1, in_doubt: 0 }),
    });
    await tap("devices-chip");
    expect(find("paper-7").textContent).toContain("Ticket BMB 11725-K");
    expect(find("paper-7").textContent).toContain("se cortó la línea");
    expect(find("drawer-state").textContent).toContain("abierto");
    expect(core.argsOf("printer.print_again")).toEqual([]);
    await tap("print-again-7");
    expect(core.argsOf("printer.print_again")).toEqual([{ job_id: 7 }]);
    expect(find("papers-wait").textContent).toContain("1 papel espera");
  });

  it("leaves the queue to another printer when somebody says so", async () => {
    const { core } = await open({
      "status.get": () => night.status({ paper }),
      "printer.use": () => night.status({ paper: { ...paper, uses_spare: true } }),
    });
    await tap("devices-chip", "use-other-printer");
    expect(core.argsOf("printer.use")).toEqual([{ is_spare: true }]);
    expect(find("devices-panel").textContent).toContain("el cajón se abre con llave");
  });
});

describe("a keyboard scanner", () => {
  const burst = async (code: string) => {
    // At a scanner's pace, however busy the machine is that runs this.
    let at_ms = performance.now();
    const clock = vi.spyOn(performance, "now").mockImplementation(() => at_ms);
    for (const name of [...code, "Enter"]) {
      at_ms += 5;
      window.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true }));
    }
    clock.mockRestore();
    await settle();
  };

  it("is heard whatever has the focus, and writes nowhere", async () => {
    const { core } = await open(
      selling({ "scan.route": () => ({ kind: "product_added", line_no: 1, sale: night.four }) }),
    );
    await key("F2");
    await burst("7801234567890");
    expect(core.argsOf("scan.route")).toEqual([{ code: "7801234567890" }]);
    expect(core.argsOf("catalog.search")).toEqual([]);
  });

  it("does not disturb a working terminal", async () => {
    const { core } = await open(
      selling({ "card.start": () => night.cards.present, "card.get": () => night.cards.present }),
    );
    await tap("pay", "tender-card", "charge-card");
    await burst("7801234567890");
    expect(core.argsOf("scan.route")).toEqual([]);
  });

  it("begins the next sale from the change screen", async () => {
    const { core } = await open(
      selling({
        "sale.complete": () => night.completedCash,
        "scan.route": () => ({ kind: "product_added", line_no: 1, sale: night.four }),
      }),
    );
    await key("F10");
    await burst("7801234567890");
    expect(core.argsOf("scan.route").length).toBe(1);
    expect(sees("change-screen")).toBe(false);
  });
});

describe("what a person should know", () => {
  it("is silent when there is nothing", async () => {
    await open(selling());
    expect(sees("notices-chip")).toBe(false);
  });

  it("says that a card was charged beside its sale, with the receipt and what to do", async () => {
    await open(selling({ "status.get": () => night.paidTwice }));
    expect(find("notices-chip").textContent).toContain("Cobro doble");
    await tap("notices-chip");
    const words = find("notices-panel").textContent?.replace(/\s+/g, " ");
    expect(words).toContain("Cobrado dos veces: $ 24.501");
    expect(words).toContain("La venta 412 se pagó de otra forma");
    expect(words).toContain("Anule ese cobro en el terminal o devuelva el monto, con la encargada.");
  });

  it("leads back to a payment in doubt", async () => {
    const { till } = await open(selling({ "status.get": () => night.everyNotice }));
    expect(find("notices-chip").textContent).toContain("4 avisos");
    await tap("notices-chip", "notice-ask");
    expect(till.room).toBe("card");
    expect(find("card-headline").textContent).toBe("No vuelva a cobrar");
  });

  it.each(["es", "en"] as const)("has calm words for every concern (%s)", (language) => {
    i18n.use(language);
    const nights = [night.everyNotice, night.everyConcern, night.copiedTill];
    const all = nights.flatMap((one) => noticesOf(one, i18n.t, String, String));
    expect(new Set(all.map((one) => one.key)).size).toBe(12);
    for (const one of all) {
      expect(one.short.length).toBeLessThanOrEqual(18);
      for (const text of [one.title, one.about]) expect(text).not.toMatch(/!|undefined|NaN|\berror\b|por favor|please/i);
      expect(one.about).toMatch(/[.]$/);
    }
    i18n.use("es");
  });
});

describe("what is heard", () => {
  async function listening(answers: Answers): Promise<{ till: Till; heard: Sound[] }> {
    const heard: Sound[] = [];
    const till = new Till(new Core(new FakeTransport(answers)), (sound) => heard.push(sound));
    await stand(till);
    return { till, heard };
  }

  it("tells the four verdicts apart, and a handing over makes no second sound", async () => {
    const ticket = { kind: "ticket", ticket: night.ticket("valid") } as const;
    const { till, heard } = await listening(
      selling({ "scan.route": () => ticket, "ticket.redeem": () => night.ticket("delivered") }),
    );
    const scan = (notice: Partial<Extract<Notice, { notice: "scan" }>>) =>
      till.hear({ notice: "scan", code: "T1", outcome: null, error: null, ...notice });
    scan({ outcome: ticket });
    await till.redeem();
    scan({ outcome: { kind: "ticket", ticket: night.ticket("delivered") } });
    scan({ error: refusal("ticket_malformed") });
    scan({ error: refusal("ticket_signature_invalid") });
    scan({ error: refusal("code_unknown") });
    expect(heard).toEqual(["ok", "used", "review", "danger", "unknown"]);
  });

  it("answers a product's scan shortly, and a doubt and an approval with their verdicts", async () => {
    const added: ScanOutcome = { kind: "product_added", line_no: 1, sale: night.four };
    const { till, heard } = await listening(selling({ "card.start": () => night.cards.present }));
    till.hear({ notice: "scan", code: "780", outcome: added, error: null });
    await till.startCard();
    till.hear({ notice: "card", card: night.cards.uncertain });
    till.hear({ notice: "card", card: night.cards.uncertain });
    till.hear({ notice: "card", card: night.cards.approved });
    expect(heard).toEqual(["heard", "review", "ok"]);
    till.hear({ notice: "status", status: night.paidTwice });
    expect(heard.at(-1)).toBe("review");
  });

  it("says once that the drawer was left open, after half a minute, and no more when it is shut", async () => {
    const paper = { ...night.status().paper, is_drawer_open: true };
    const wall = vi.spyOn(Date, "now");
    const { till, heard } = await listening(selling());
    const begin = 1_000_000;
    const at = (ms: number) => {
      wall.mockReturnValue(begin + ms);
      till.tick();
    };
    wall.mockReturnValue(begin);
    till.hear({ notice: "status", status: night.status({ paper }) });
    at(29_999);
    expect([heard, till.isDrawerLeftOpen]).toEqual([[], false]);
    at(30_000);
    at(31_000);
    expect(heard).toEqual(["review"]);
    expect(till.notices.map((one) => one.key)).toContain("drawer");
    till.hear({ notice: "status", status: night.status() });
    expect(till.isDrawerLeftOpen).toBe(false);
    at(90_000);
    expect(heard).toEqual(["review"]);
    wall.mockRestore();
  });

  it("tells the till's own scanner how many the next one counts", async () => {
    const scanner = night.device({ state: "ready" });
    const { core, till } = await open(selling({ "status.get": () => night.status({ scanner }), "scan.times": () => ({}) }));
    await tap("digit-3", "pad-corner");
    await settle();
    expect(core.argsOf("scan.times")).toEqual([{ times: 3 }]);
    const outcome: ScanOutcome = { kind: "product_added", line_no: 1, sale: night.four };
    till.hear({ notice: "scan", code: "780", outcome, error: null });
    expect(till.times).toBeNull();
  });
});
