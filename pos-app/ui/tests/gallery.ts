/**
 * Every screen and state, from fixtures: `npm run dev`, then `/tests/gallery.html?screen=sell`.
 * Without a screen it lists them. For eyes and screenshots; never part of the window.
 */

import "@fontsource-variable/archivo/wdth.css";
import "../../../shared/ui/tokens.css";
import "../src/styles/base.css";

import { mount, tick } from "svelte";

import App from "../src/App.svelte";
import { Core } from "../src/lib/api/commands";
import type { BatchView, SaleView, ServicesView, TillStatus, XReport } from "../src/lib/api/generated";
import { i18n } from "../src/lib/i18n/index.svelte";
import { Till } from "../src/lib/till.svelte";
import type { Reading } from "../src/lib/till-state.svelte";
import { FakeTransport, refusal, tender } from "./fake";
import * as night from "./fixtures";

interface Scene {
  status?: TillStatus;
  sale?: SaleView;
  reading?: XReport;
  /** What the terminal does besides payments. */
  services?: ServicesView;
  /** What the till is to print for it. */
  lines?: string[];
  /** What the terminal's batch is; never answered when absent. */
  batch?: BatchView;
  /** What happens once the screen stands. */
  then?: (till: Till) => void;
  /** Keys pressed after that, by test id. */
  press?: string[];
}

const read = (reading: Partial<Reading> & Pick<Reading, "kind">) => (till: Till) => {
  till.wanted = "redeem";
  till.reading = { at: night.NOW, handed: false, gave: [], ...reading } as Reading;
  till.readings = [till.reading, ...past];
};
const past: Reading[] = [
  {
    kind: "ticket",
    ticket: night.ticket("delivered", { display_code: "BMB 11719-R" }),
    at: night.NOW,
    handed: true,
    gave: [],
  },
  {
    kind: "ticket",
    ticket: night.ticket("delivered", { display_code: "BMB 11602-C" }),
    at: night.NOW - 9 * night.MINUTE,
    handed: false,
    gave: [],
  },
  {
    kind: "ticket",
    ticket: night.ticket("expired", { display_code: "BTZ 08211-M" }),
    at: night.NOW - 12 * night.MINUTE,
    handed: false,
    gave: [],
  },
];
const refused = (code: Parameters<typeof refusal>[0]) =>
  read({
    kind: "refused",
    error: refusal(code, { code: "7801234567890" }),
    code: "T1AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIj",
  });
const onCard =
  (card: Till["card"], trace: Partial<Till["trace"]> = {}) =>
  (till: Till) => {
    till.wanted = "card";
    till.card = card;
    till.trace = { ...till.trace, sent_at: night.NOW, ...trace };
  };
const badgeOf = (who: { staff_id: string; name: string } = { staff_id: "", name: "" }) => ({
  ...who,
  last_valid: "2027-05-19",
});
const pay = (till: Till) => till.go("pay");
const settling = (n: number) => (till: Till) => {
  const open = night.openCards[n];
  if (open !== undefined) till.settle(open.card, open);
};
const toBatch = (till: Till) => till.toBatch();
const partly: SaleView = {
  ...night.four,
  cards: [night.part],
  paid_minor: 14_501,
  left_minor: 10_000,
  cash_due_minor: 10_000,
  rounding_minor: 0,
  cash_suggestions: [10_000, 20_000],
};
const supervisor = night.status({ operator: night.manager });
const byHand = { by: "Antonia V.", at: night.NOW, note: "Voucher a la vista" };
const loggedOut = night.status({ operator: null });

const SCENES: Record<string, Scene> = {
  enrol: {
    status: night.status({
      is_enrolled: false,
      venue: null,
      register: null,
      business_date: null,
      operator: null,
      session: null,
    }),
  },
  login: { status: night.status({ operator: null, session: null }), press: ["pin-1", "pin-2"] },
  "login-ready": { status: loggedOut, press: ["pin-1", "pin-2", "pin-3", "pin-4"] },
  "login-wrong": { status: loggedOut, then: (till) => (till.trouble = refusal("pin_wrong", { tries_left: 3 })) },
  "login-badge": {
    status: loggedOut,
    then: (till) => (till.badged = badgeOf(night.staff[4])),
    press: ["pin-1", "pin-2"],
  },
  "login-badge-bad": { status: loggedOut, then: (till) => (till.trouble = refusal("badge_forged")) },
  open: {
    status: night.status({ session: null }),
    press: ["digit-3", "count-next", "digit-2", "count-next", "digit-1", "digit-2"],
  },
  "sell-empty": {},
  sell: { sale: night.four },
  "sell-long": { sale: night.long },
  "sell-undo": { sale: night.four, then: (till) => (till.undo = { text: "Mojito: quitado", lines: [] }) },
  "sell-trouble": {
    sale: night.four,
    then: (till) => (till.trouble = refusal("code_unknown", { code: "7801234567890" })),
  },
  "sell-times": { sale: night.four, press: ["digit-3", "pad-corner"] },
  "sell-offline": { status: night.offline, sale: night.four, press: ["net-chip"] },
  "sell-online": { status: night.upToDate, sale: night.four, press: ["net-chip"] },
  "sell-sending": { sale: night.four, press: ["net-chip"] },
  "sell-refused": { status: night.attention, sale: night.four, press: ["net-chip"] },
  "sell-twice": { status: night.paidTwice, sale: night.four, press: ["notices-chip"] },
  "sell-notices": { status: night.everyNotice, sale: night.four, press: ["notices-chip"] },
  "sell-notices-till": { status: night.everyConcern, sale: night.four, press: ["notices-chip"] },
  "sell-notices-copy": { status: night.copiedTill, sale: night.four, press: ["notices-chip"] },
  "sell-troubled": { status: night.troubled, sale: night.four, press: ["devices-chip"] },
  "sell-simulated": { status: night.simulated, sale: night.four },
  "sell-help": { sale: night.four, then: (till) => (till.panel = "help") },
  "sell-search": { sale: night.four, then: (till) => (till.panel = "search") },
  "sell-search-hits": { sale: night.four, then: (till) => (till.panel = "search"), press: ["letter-P"] },
  "sell-last": { sale: night.four, press: ["last-sale"] },
  "sell-register": { sale: night.four, press: ["register"] },
  "sell-register-manager": { sale: night.four, reading: night.fullReading, press: ["register"] },
  "redeem-camera": { then: (till) => till.go("redeem"), press: ["to-camera"] },
  "login-camera": { status: loggedOut, press: ["to-camera"] },
  "sell-badges": {
    status: supervisor,
    sale: night.four,
    then: (till) => (till.panel = "badges"),
  },
  "sell-badge": {
    sale: night.four,
    then: (till) => (till.trouble = refusal("badge_here", { staff: "Ignacio B." })),
  },
  "redeem-badge": { then: read({ kind: "refused", error: refusal("badge_here", { staff: "Ignacio B." }), code: "T1" }) },
  "sell-move-cash": {
    status: supervisor,
    sale: night.four,
    then: (till) => (till.panel = "move_cash"),
    press: ["move-drop", "move-digit-6", "move-digit-000", "move-digit-0", "move-why-0"],
  },
  "pay-cash": { sale: night.four, then: pay, press: ["note-20000", "note-10000"] },
  "pay-exact": { sale: night.four, then: pay },
  "pay-short": { sale: night.four, then: pay, press: ["digit-5", "pad-corner"] },
  "pay-card": { sale: night.four, then: pay, press: ["tender-card"] },
  "pay-mixed": {
    sale: {
      ...night.four,
      cards: [
        night.card(
          {
            state: "approved",
            approval: { authorisation_code: "1", operation_no: "1", last4: "4417", brand: "Visa", card_type: "" },
          },
          {},
          14_501,
        ),
      ],
      paid_minor: 14_501,
      left_minor: 10_000,
      cash_due_minor: 10_000,
      rounding_minor: 0,
      cash_suggestions: [10_000, 20_000],
    },
    then: pay,
  },
  "card-created": { sale: night.four, then: onCard(night.cards.created) },
  "card-present": { sale: night.four, then: onCard(night.cards.present) },
  "card-pin": { sale: night.four, then: onCard(night.cards.pin) },
  "card-bank": { sale: night.four, then: onCard(night.cards.bank) },
  "card-approved": { sale: night.four, then: onCard(night.cards.approved) },
  "card-declined": { sale: night.four, then: onCard(night.cards.declined) },
  "card-refused": { sale: night.four, then: onCard(night.cards.refused) },
  "card-unreachable": { sale: night.four, then: onCard(night.cards.unreachable) },
  "card-uncertain": {
    sale: night.four,
    then: onCard(night.cards.uncertain, {
      sent_at: night.NOW - 45_000,
      read_at: night.NOW - 30_000,
      pin_at: night.NOW - 29_000,
      uncertain_at: night.NOW - 8_000,
    }),
  },
  "card-uncertain-long": {
    sale: night.four,
    then: onCard(night.cards.uncertain, { sent_at: night.NOW - 70_000, uncertain_at: night.NOW - 40_000 }),
  },
  "card-settled": { sale: night.four, then: onCard(night.cards.declined, { uncertain_at: night.NOW }) },
  "card-twice": {
    status: night.paidTwice,
    then: onCard(night.cards.approved, { uncertain_at: night.NOW - 40_000, is_revisited: true }),
  },
  "card-uncertain-manager": {
    status: supervisor,
    sale: night.four,
    then: onCard(night.cards.uncertain, { sent_at: night.NOW - 70_000, uncertain_at: night.NOW - 40_000 }),
  },
  "card-uncertain-may-not": {
    sale: night.four,
    then: onCard(night.cards.uncertain, { sent_at: night.NOW - 70_000, uncertain_at: night.NOW - 40_000 }),
    press: ["doubt-resolve"],
  },
  "card-voiding": { sale: partly, then: onCard(night.cards.voiding, { voiding_at: night.NOW - 4_000 }) },
  "card-voiding-silent": { sale: partly, then: onCard(night.cards.voiding, { voiding_at: night.NOW - 30_000 }) },
  "card-void-refused": {
    sale: partly,
    then: onCard({ ...night.part, payment: { ...night.part.payment, void_refused: "12" } }),
  },
  "card-void-refused-debit": {
    sale: partly,
    then: onCard({ ...night.part, payment: { ...night.part.payment, void_refused: "08" } }),
  },
  "card-by-hand": {
    sale: night.four,
    then: onCard(
      { ...night.cards.approved, payment: { ...night.cards.approved.payment, is_manual: true }, manual: byHand },
      { uncertain_at: night.NOW },
    ),
  },
  "card-returned": {
    then: onCard({
      ...night.cards.approved,
      payment: { ...night.cards.approved.payment, returned: "cash" },
      manual: byHand,
    }),
  },
  "pay-leg-void": { status: supervisor, sale: partly, then: pay },
  "pay-voucher": { status: night.cableless, sale: night.four, then: pay, press: ["tender-card", "charge-card"] },
  "pay-voucher-typed": {
    status: night.cableless,
    sale: night.four,
    then: pay,
    press: [
      "tender-card",
      "charge-card",
      ...["0", "9", "3", "4", "1", "2"].map((d) => `digit-${d}`),
      "field-last4",
      ...["4", "4", "1", "7"].map((d) => `digit-${d}`),
      "type-DB",
    ],
  },
  "pay-voucher-short": {
    status: night.cableless,
    sale: night.four,
    then: pay,
    press: ["tender-card", "charge-card", "digit-9", "voucher-write"],
  },
  "cards-panel": { status: night.danger, sale: night.four, press: ["cards-chip"] },
  "cards-panel-none": {
    status: night.status({ open_cards: 0 }),
    sale: night.four,
    then: (till) => {
      till.panel = "cards";
      till.open_cards = [];
    },
  },
  "cards-chip-notices": {
    status: { ...night.everyNotice, open_cards: 2, printer: night.troubled.printer },
    sale: night.four,
  },
  "settle-doubt": { status: night.danger, then: settling(0) },
  "settle-doubt-cashier": { status: night.dangerCashier, then: settling(0), press: ["way-resolve"] },
  "settle-void-doubt": { status: night.danger, then: settling(1) },
  "settle-contradicted": { status: night.danger, then: settling(2) },
  "settle-not-counted": { status: night.danger, then: settling(3) },
  "settle-resolve": { status: night.danger, then: settling(0), press: ["way-resolve", "outcome-approved"] },
  "settle-resolve-not": { status: night.danger, then: settling(0), press: ["way-resolve", "outcome-not_charged"] },
  "settle-resolve-sure": {
    status: night.danger,
    then: settling(0),
    press: [
      "way-resolve",
      "outcome-approved",
      ...["4", "4", "1", "2", "0", "7"].map((d) => `digit-${d}`),
      "field-last4",
      ...["0", "4", "6", "1"].map((d) => `digit-${d}`),
      "why-0",
      "settle-review",
    ],
  },
  "settle-not-sure": {
    status: night.danger,
    then: settling(0),
    press: ["way-resolve", "outcome-not_charged", "why-1", "settle-review"],
  },
  "settle-void-resolve": { status: night.danger, then: settling(1), press: ["way-resolve", "outcome-voided"] },
  approve: {
    status: night.asking,
    then: settling(0),
    press: ["way-resolve", "outcome-not_charged", "why-1", "settle-review", "sure-write", "pin-9", "pin-7", "pin-5"],
  },
  "approve-badge": {
    status: night.asking,
    then: (till) => {
      settling(0)(till);
      setTimeout(() => (till.badged = badgeOf(night.approvers[1])), 1_500);
    },
    press: ["way-resolve", "outcome-not_charged", "why-1", "settle-review", "sure-write"],
  },
  "approve-wrong-pin": {
    status: night.asking,
    then: settling(0),
    press: [
      ...["way-resolve", "outcome-not_charged", "why-1", "settle-review", "sure-write"],
      ...["pin-1", "pin-1", "pin-1", "pin-1", "pin-enter"],
    ],
  },
  "settle-return": { status: night.danger, then: settling(3), press: ["way-return", "return-cash", "why-0"] },
  "settle-return-sure": {
    status: night.danger,
    then: settling(3),
    press: ["way-return", "return-cash", "why-0", "settle-review"],
  },
  "settle-void": { status: night.danger, then: settling(3), press: ["way-void"] },
  "batch-reading": { status: supervisor, then: toBatch },
  "batch-even": { status: supervisor, batch: night.evenBatch, then: toBatch },
  "batch-odd": { status: supervisor, batch: night.oddBatch, then: toBatch },
  "batch-odd-next": { status: supervisor, batch: night.oddBatch, then: toBatch, press: ["batch-next"] },
  "batch-sum": { status: supervisor, batch: night.sumBatch, then: toBatch },
  "batch-untold": { status: supervisor, batch: night.untoldBatch, then: toBatch },
  "batch-untold-sure": { status: supervisor, batch: night.untoldBatch, then: toBatch, press: ["batch-go"] },
  "batch-sure": { status: supervisor, batch: night.oddBatch, then: toBatch, press: ["batch-go"] },
  "batch-doubts": {
    status: { ...supervisor, open_cards: 1 },
    batch: night.doubtfulBatch,
    then: toBatch,
  },
  "services-getnet": {
    status: supervisor,
    batch: night.evenBatch,
    services: night.getnetServices,
    then: toBatch,
    press: ["to-services"],
  },
  "services-transbank": {
    status: supervisor,
    batch: night.evenBatch,
    services: night.transbankServices,
    then: toBatch,
    press: ["to-services", "service-last_voucher"],
  },
  "services-stand-alone": {
    status: supervisor,
    batch: night.evenBatch,
    services: night.transbankServices,
    then: toBatch,
    press: ["to-services", "service-stand_alone"],
  },
  "services-sale-kind": {
    status: supervisor,
    batch: night.evenBatch,
    services: night.getnetServices,
    then: toBatch,
    press: ["to-services", "service-sale_kind"],
  },
  "services-zvt": {
    status: supervisor,
    batch: night.sumBatch,
    services: { services: ["last_voucher", "stand_alone"], vouchers: [] },
    lines: ["K U N D E N B E L E G", "Terminal-ID     75001637", "VISA   ############0461", "Betrag EUR        19,90", "WIEDERHOLUNG"],
    then: toBatch,
    press: ["to-services", "service-last_voucher"],
  },
  "batch-closed": { status: supervisor, batch: night.closedBatch, then: toBatch },
  "batch-empty": { status: supervisor, batch: night.batch([], { last_closed_at: null }), then: toBatch },
  "register-by-hand": { status: supervisor, sale: night.four, reading: night.handReading, press: ["register"] },
  "close-open-cards": { status: night.danger, then: (till) => till.go("close") },
  "sealed-by-hand": { status: supervisor, then: (till) => (till.sealed = night.handZ) },
  "card-voided": { sale: night.four, then: onCard(night.cards.voided) },
  change: { then: (till) => (till.completed = night.completedCash) },
  "change-big": { then: (till) => (till.completed = night.completedBig) },
  "change-card": { then: (till) => (till.completed = night.completedCard) },
  "redeem-idle": { then: (till) => till.go("redeem") },
  "redeem-valid": { then: read({ kind: "ticket", ticket: night.ticket("valid") }) },
  "redeem-partial": {
    then: read({ kind: "ticket", ticket: night.partial, handed: true, gave: [{ line_no: 2, quantity: 1 }] }),
  },
  "redeem-many": {
    then: read({
      kind: "ticket",
      ticket: night.ticket("valid", {
        lines: night.products
          .slice(0, 6)
          .map((one, i) => ({ line_no: i + 1, name: one.name, quantity: 2, redeemed: 0, owed: 2 })),
      }),
    }),
  },
  "redeem-delivered": { then: read({ kind: "ticket", ticket: night.ticket("delivered") }) },
  "redeem-undo": {
    then: read({ kind: "ticket", ticket: night.justServed, handed: true, gave: [{ line_no: 1, quantity: 2 }] }),
  },
  "redeem-voiding": {
    status: night.status({
      operator: {
        staff_id: "m",
        name: "Antonia P.",
        roles: ["manager"],
        may: ["sell", "redeem_ticket", "void_ticket"],
        may_with_approval: [],
      },
    }),
    then: read({ kind: "ticket", ticket: night.ticket("valid") }),
    press: ["void-ticket", "why-0"],
  },
  "redeem-void": { then: read({ kind: "ticket", ticket: night.ticket("void") }) },
  "redeem-in-review": { then: refused("ticket_in_review") },
  "redeem-unheard": {
    then: read({ kind: "ticket", ticket: night.ticket("valid", { blind: night.blind({ is_allowed: true }) }) }),
  },
  "redeem-held-back": {
    then: read({
      kind: "ticket",
      ticket: night.ticket("valid", {
        blind: night.blind({ policy: { rule: "accept_below", value_minor: 10_000 }, is_allowed: false }),
      }),
    }),
  },
  "redeem-expired": { then: read({ kind: "ticket", ticket: night.ticket("expired") }) },
  "redeem-other-night": { then: read({ kind: "ticket", ticket: night.ticket("other_night") }) },
  "redeem-signature": { then: refused("ticket_signature_invalid") },
  "redeem-other-tenant": { then: refused("ticket_other_tenant") },
  "redeem-unknown-till": { then: refused("ticket_unknown_device") },
  "redeem-malformed": { then: refused("ticket_malformed") },
  "redeem-unknown-code": { then: refused("code_unknown") },
  "redeem-served": {
    then: read({
      kind: "ticket",
      ticket: night.ticket("delivered"),
      handed: true,
      gave: [
        { line_no: 1, quantity: 2 },
        { line_no: 2, quantity: 1 },
      ],
    }),
  },
  "redeem-code": {
    then: (till) => {
      till.go("redeem");
      till.panel = "code";
    },
  },
  close: { then: (till) => till.go("close"), press: ["digit-1", "digit-4", "count-next", "digit-2", "digit-3"] },
  "close-doubt": {
    status: night.status({ uncertain_payments: [night.cards.uncertain] }),
    sale: night.four,
    then: (till) => till.go("close"),
  },
  sealed: { then: (till) => (till.sealed = night.z) },
  "sealed-exact": { then: (till) => (till.sealed = { ...night.z, counted_cash_minor: 694_000, variance_minor: 0 }) },
  broken: { then: (till) => (till.broken = refusal("ledger_in_use")) },
};

const asked = new URLSearchParams(location.search);
const name = asked.get("screen");
const scene = name === null ? undefined : SCENES[name];
const target = document.getElementById("till");

if (target !== null && scene !== undefined) {
  if (asked.get("theme") === "light") document.documentElement.dataset.theme = "light";
  i18n.use(asked.get("language") === "en" ? "en" : "es");
  const fixed = scene.status ?? night.status();
  const transport = new FakeTransport({
    "status.get": () => fixed,
    "sale.current": () => scene.sale ?? night.empty,
    "sale.tender": (args) => tender(args, (scene.sale ?? night.empty).cash_due_minor),
    "register.read": () => scene.reading ?? night.reading,
    "card.list_open": () => night.openCards,
    "card.services": () => scene.services ?? night.transbankServices,
    "card.serve": () => ({ lines: scene.lines ?? [] }),
    "card.read_batch": () => scene.batch ?? new Promise<BatchView>(() => {}),
    "card.resolve": (args) => {
      if ("approval" in args) throw refusal("pin_wrong", { tries_left: 4 });
      throw refusal("permission_denied", { permission: "settle_card", approvers: night.approvers });
    },
    // What the camera showed last, for whoever wants to see what the core would get.
    "scan.frame": (frame) => {
      Object.assign(window, { frame });
      return { codes: [] };
    },
    "catalog.search": ({ limit }) => night.products.slice(0, limit),
  });
  const till = new Till(new Core(transport));
  // A picture's clock stands still.
  till.tick = () => {};
  mount(App, { target, props: { till } });
  setTimeout(async () => {
    // A window that has just heard who is there leaves whatever it showed before.
    while (till.status === null || till.catalog === null) await new Promise((done) => setTimeout(done, 10));
    scene.then?.(till);
    for (const id of scene.press ?? []) {
      await tick();
      await new Promise((done) => setTimeout(done, 10));
      const found = document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
      if (found instanceof HTMLInputElement) found.focus();
      else found?.click();
    }
    document.body.dataset.ready = "yes";
  }, 150);
} else if (target !== null) {
  document.body.style.overflow = "auto";
  for (const one of Object.keys(SCENES)) {
    const link = document.createElement("a");
    link.href = `?screen=${one}`;
    link.textContent = one;
    link.style.display = "block";
    target.append(link);
  }
}
