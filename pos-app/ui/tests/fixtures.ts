/** One night at Club Valdivia, as the core would tell it. Typed by the generated types, so that it cannot drift. */

import type {
  Approver,
  BatchLine,
  BatchView,
  BlindView,
  CardPayment,
  CardPaymentView,
  CatalogView,
  CompletedSaleView,
  Concern,
  ConcernCode,
  DeviceHealth,
  OpenCardView,
  OperatorView,
  Product,
  Role,
  SaleLine,
  SaleView,
  ServicesView,
  StaffView,
  TicketView,
  TillStatus,
  Verdict,
  XReport,
  ZReport,
} from "../src/lib/api/generated";

/** 21-11-2026 23:52:04 in Santiago. */
export const NOW = Date.UTC(2026, 10, 22, 2, 52, 4);
export const MINUTE = 60_000;
const NIGHT = "2026-11-21";

const id = (kind: string, n: number) => `${kind}-0000-7000-8000-${String(n).padStart(12, "0")}`;

export function device(over: Partial<DeviceHealth> = {}): DeviceHealth {
  return { state: "ready", address: "tcp 127.0.0.1:9100", is_simulated: false, pending: 0, detail: null, ...over };
}

export function status(over: Partial<TillStatus> = {}): TillStatus {
  return {
    app_version: "0.1.0",
    now: NOW,
    is_enrolled: true,
    venue: {
      venue_id: id("venue", 1),
      name: "Club Valdivia",
      tax_id: "76.543.210-3",
      address: "Esmeralda 680, Valdivia",
      currency: "CLP",
      time_zone: "America/Santiago",
      cut_over_minutes: 360,
      cash_rounding: { unit_minor: 10, tie: "down", keeps_nonzero: true },
      ticket_valid_days: 1,
      redemption_policy: { rule: "accept_all" },
    },
    register: { register_id: id("register", 1), venue_id: id("venue", 1), code: "BMB", name: "Barra principal" },
    business_date: NIGHT,
    denominations: [20_000, 10_000, 5_000, 2_000, 1_000, 500, 100, 50, 10],
    operator: {
      staff_id: id("staff", 1),
      name: "Camila R.",
      roles: ["cashier"],
      may: ["open_register", "sell", "remove_line", "redeem_ticket", "open_drawer", "reprint", "see_diagnostics"],
      may_with_approval: [],
    },
    session: {
      session_id: id("session", 1),
      business_date: NIGHT,
      opened_at: NOW - 113 * MINUTE,
      opened_by: "Camila R.",
      sales: 411,
    },
    printer: device(),
    terminal: device({ address: "serial /dev/ttyUSB1" }),
    paper: { in_doubt: 0, other_printer: null, uses_spare: false, is_drawer_open: null },
    scanner: device({ address: "serial /dev/ttyACM0" }),
    server: {
      state: "sending",
      url: "https://oficina.valdivia.cl",
      last_contact: NOW - 12_000,
      offline_since: null,
      unsent_events: 6,
      detail: null,
    },
    concerns: [],
    uncertain_payments: [],
    paid_twice: [],
    ...over,
  };
}

export const offline = status({
  server: {
    state: "offline",
    url: "https://oficina.valdivia.cl",
    last_contact: NOW - 11 * MINUTE,
    offline_since: NOW - 11 * MINUTE,
    unsent_events: 128,
    detail: null,
  },
});

export const attention = status({
  server: { ...status().server, state: "needs_attention", detail: "403 device_revoked", unsent_events: 41 },
});

export const upToDate = status({ server: { ...status().server, state: "up_to_date", unsent_events: 0 } });

export const troubled = status({
  printer: device({ state: "unreachable", pending: 2, detail: "connection refused" }),
  terminal: device({ address: "serial /dev/ttyUSB1", is_simulated: true }),
});

export const simulated = status({
  printer: device({ is_simulated: true }),
  terminal: device({ is_simulated: true, address: "serial /dev/pts/4" }),
  scanner: device({ state: "not_configured", address: null }),
});

const PEOPLE: [string, Role][] = [
  ["Camila R.", "cashier"],
  ["Diego M.", "bartender"],
  ["Javiera P.", "cashier"],
  ["Matías S.", "bartender"],
  ["Antonia V.", "manager"],
  ["Rodrigo L.", "supervisor"],
  ["Fernanda C.", "cashier"],
  ["Nicolás B.", "auditor"],
  ["Valentina O.", "admin"],
];

export const staff: StaffView[] = PEOPLE.map(([name, role], i) => ({
  staff_id: id("staff", i + 1),
  name,
  roles: [role],
  locked_until: i === 3 ? NOW + 8 * MINUTE : null,
}));

const CARD: [string, number, [string, number][]][] = [
  [
    "Tragos",
    1,
    [
      ["Piscola Alto 35", 5990],
      ["Piscola Mistral 40", 6990],
      ["Ron Cola", 5990],
      ["Vodka Naranja", 6490],
      ["Gin Tonic Beefeater", 7990],
      ["Gin Tonic Hendrick’s", 10990],
      ["Whiskola Ballantine’s", 7490],
      ["Fernet Cola", 6490],
      ["Botella Alto 35 + 4 bebidas", 49990],
      ["Tequila Margarita", 6990],
      ["Cuba Libre Havana 7", 7990],
      ["Vodka Red Bull", 8490],
      ["Pisco Mango", 6490],
      ["Pisco Ginger Ale", 6290],
      ["Ron Ginger", 6290],
      ["Gin Pepino", 8990],
      ["Whisky Sour", 7490],
      ["Jack & Coke", 8490],
      ["Chuflay", 5990],
      ["Terremoto", 4990],
      ["Melvin", 4490],
      ["Fan-Schop", 3990],
    ],
  ],
  [
    "Cócteles",
    2,
    [
      ["Mojito", 6490],
      ["Pisco Sour", 5990],
      ["Aperol Spritz", 7490],
      ["Ramazzotti Spritz", 7490],
    ],
  ],
  [
    "Cervezas",
    3,
    [
      ["Kunstmann Torobayo", 4490],
      ["Cristal lata", 2990],
      ["Heineken", 3990],
    ],
  ],
  [
    "Vinos",
    4,
    [
      ["Copa Cabernet", 4990],
      ["Espumante copa", 5490],
    ],
  ],
  [
    "Shots",
    5,
    [
      ["Shot Tequila", 3990],
      ["Jägerbomb", 6990],
    ],
  ],
  [
    "Sin alcohol",
    6,
    [
      ["Agua mineral", 1990],
      ["Coca-Cola", 2490],
      ["Red Bull", 3990],
      ["Hielo extra", 0],
    ],
  ],
  ["Comida", 7, [["Papas fritas", 4990]]],
  ["Entradas", 8, [["Guardarropía", 2000]]],
];

let number = 0;
export const catalog: CatalogView = {
  version: 148,
  currency: "CLP",
  categories: CARD.map(([name, tint, products], c) => ({
    category: { category_id: id("category", c), name, tint, position: c, is_active: true },
    products: products.map(([product, price_minor], position): Product => {
      number += 1;
      return {
        product_id: id("product", number),
        number,
        sku: `V${String(number).padStart(3, "0")}`,
        name: product,
        category_id: id("category", c),
        price_minor,
        tax_rate_bp: 1900,
        barcodes: [],
        is_ticketed: true,
        position,
        is_active: true,
      };
    }),
  })),
};

export const products: Product[] = catalog.categories.flatMap((one) => one.products);

export function product(name: string): Product {
  const found = products.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no product ${name}`);
  return found;
}

function line(line_no: number, name: string, pieces: number): SaleLine {
  const { product_id, number: product_number, sku, price_minor, tax_rate_bp, is_ticketed } = product(name);
  return {
    line_no,
    product_id,
    product_number,
    sku,
    name,
    quantity_milli: pieces * 1000,
    unit_price_minor: price_minor,
    tax_rate_bp,
    total_minor: price_minor * pieces,
    is_ticketed,
  };
}

/** A sale with the figures the core would give for it. */
export function sale(lines: SaleLine[], over: Partial<SaleView> = {}): SaleView {
  const total_minor = lines.reduce((sum, one) => sum + one.total_minor, 0);
  const due = total_minor - (total_minor % 10);
  const net_minor = Math.round((total_minor * 100) / 119);
  const tax_minor = total_minor - net_minor;
  return {
    sale: { sale_id: id("sale", 412), currency: "CLP", lines, next_line_no: lines.length + 1 },
    totals: {
      total_minor,
      tax_minor,
      net_minor,
      taxes: [{ rate_bp: 1900, gross_minor: total_minor, net_minor, tax_minor }],
    },
    cards: [],
    paid_minor: 0,
    left_minor: total_minor,
    cash_due_minor: due,
    rounding_minor: due - total_minor,
    cash_suggestions: total_minor === 0 ? [] : [due, 25_000, 30_000, 40_000].filter((sum) => sum >= due),
    ...over,
  };
}

export const empty = sale([]);
export const four = sale([
  line(1, "Piscola Alto 35", 2),
  line(2, "Mojito", 1),
  line(3, "Agua mineral", 1),
  { ...line(4, "Kunstmann Torobayo", 1), total_minor: 4041, unit_price_minor: 4041 },
]);
export const long = sale(products.slice(0, 12).map((one, i) => line(i + 1, one.name, (i % 3) + 1)));

export const APPROVAL = {
  authorisation_code: "093412",
  operation_no: "000412",
  last4: "4417",
  brand: "Visa",
  card_type: "débito",
};

type StateOf<S extends CardPayment["state"]> = Extract<CardPayment, { state: S }>;
export type CardState = {
  [S in CardPayment["state"]]: Omit<StateOf<S>, "payment_id" | "sale_id" | "amount_minor" | "ticket_no" | "started_at">;
}[CardPayment["state"]];

export function card(
  state: CardState,
  over: Partial<Omit<CardPaymentView, "payment">> = {},
  amount = 24_501,
): CardPaymentView {
  const base = {
    payment_id: id("payment", 1),
    sale_id: id("sale", 412),
    amount_minor: amount,
    ticket_no: "00012C",
    started_at: NOW - 9_000,
  };
  return { payment: { ...base, ...state } as CardPayment, can_cancel: false, elapsed_ms: 9_000, ...over };
}

export const cards = {
  created: card({ state: "created" }, { can_cancel: true }),
  present: card({ state: "in_progress", progress: "present_card" }, { can_cancel: true }),
  pin: card({ state: "in_progress", progress: "enter_pin" }),
  bank: card({ state: "in_progress", progress: "contacting_bank" }),
  approved: card({ state: "approved", approval: APPROVAL }),
  declined: card({ state: "declined", code: "51" }),
  refused: card({ state: "not_started", reason: "refused" }),
  unreachable: card({ state: "not_started", reason: "unreachable" }),
  uncertain: card({ state: "uncertain" }),
  voided: card({ state: "voided", approval: APPROVAL }),
  voiding: card({ state: "voiding", approval: APPROVAL }),
};

const paid = four.totals;

export const completedCash: CompletedSaleView = {
  sale_id: id("sale", 412),
  receipt_no: 412,
  completed_at: NOW,
  currency: "CLP",
  totals: paid,
  settlement: {
    payments: [{ kind: "cash", amount_minor: 24_500, tendered_minor: 30_000, change_minor: 5_500, rounding_minor: -1 }],
    change_minor: 5_500,
    rounding_minor: -1,
  },
  change_notes: [
    { denomination_minor: 5_000, count: 1 },
    { denomination_minor: 500, count: 1 },
  ],
  tickets: [{ ticket_id: id("ticket", 1), display_code: "BMB 11725-K", code: "T1" }],
  is_print_pending: false,
  is_print_unknown: false,
};

export const completedBig: CompletedSaleView = {
  ...completedCash,
  settlement: {
    payments: [
      { kind: "cash", amount_minor: 12_010, tendered_minor: 100_000, change_minor: 87_990, rounding_minor: 0 },
    ],
    change_minor: 87_990,
    rounding_minor: 0,
  },
  change_notes: [
    { denomination_minor: 20_000, count: 4 },
    { denomination_minor: 5_000, count: 1 },
    { denomination_minor: 2_000, count: 1 },
    { denomination_minor: 500, count: 1 },
    { denomination_minor: 100, count: 4 },
    { denomination_minor: 50, count: 1 },
    { denomination_minor: 10, count: 4 },
  ],
  is_print_pending: true,
  is_print_unknown: false,
};

export const completedCard: CompletedSaleView = {
  ...completedCash,
  settlement: {
    payments: [{ kind: "card", payment_id: id("payment", 1), amount_minor: 24_501, approval: APPROVAL }],
    change_minor: 0,
    rounding_minor: 0,
  },
  change_notes: [],
};

export function ticket(verdict: Verdict, over: Partial<TicketView> = {}): TicketView {
  const served = verdict === "delivered" ? 1 : 0;
  return {
    ticket: {
      kind: "delivery",
      ticket_id: id("ticket", 1),
      business_date: verdict === "expired" ? "2026-11-14" : verdict === "other_night" ? "2026-11-28" : NIGHT,
      valid_days: 1,
      lines: [
        { product_number: 1, quantity: 2 },
        { product_number: 23, quantity: 1 },
      ],
    },
    code: "T1.signed",
    display_code: "BMB 11725-K",
    verdict,
    lines: [
      { line_no: 1, name: "Piscola Alto 35", quantity: 2, redeemed: 2 * served, owed: 2 - 2 * served },
      { line_no: 2, name: "Mojito", quantity: 1, redeemed: served, owed: 1 - served },
    ],
    history:
      served === 1
        ? [
            {
              redemption_id: id("redemption", 1),
              redeemed_at: NOW - 44 * MINUTE,
              staff: "Matías S.",
              device: "Barra Terraza",
              lines: [
                { line_no: 1, quantity: 2 },
                { line_no: 2, quantity: 1 },
              ],
              undone: null,
              undo_until: null,
            },
          ]
        : [],
    sold_by: "Barra principal",
    heard_until: NOW - 2 * MINUTE,
    void:
      verdict === "void"
        ? { by: { at: NOW - 9 * MINUTE, staff: "Marcela R.", device: "Caja 1" }, reason: "Devuelto en caja" }
        : null,
    blind: null,
    ...over,
  };
}

/** Handed over a moment ago by whoever looks at it. */
export const justServed = ticket("delivered", {
  history: ticket("delivered").history.map((one) => ({
    ...one,
    redeemed_at: NOW - 3_000,
    device: "Barra principal",
    undo_until: NOW + 7_000,
  })),
});

/** Nobody can be asked. */
export function blind(over: Partial<BlindView> = {}): BlindView {
  return {
    devices: ["Barra Terraza", "VIP"],
    since: NOW - 6 * MINUTE,
    policy: { rule: "accept_all" },
    value_minor: 17_970,
    is_allowed: true,
    ...over,
  };
}

export const partial = ticket("partial", {
  lines: [
    { line_no: 1, name: "Piscola Alto 35", quantity: 2, redeemed: 1, owed: 1 },
    { line_no: 2, name: "Mojito", quantity: 1, redeemed: 1, owed: 0 },
  ],
});

const TOTALS = {
  sales: 411,
  total_minor: 2_684_200,
  tax_minor: 428_570,
  cash_minor: 2_000_000,
  card_minor: 684_200,
  rounding_minor: -37,
};

export const reading: XReport = {
  session_id: id("session", 1),
  business_date: NIGHT,
  read_at: NOW,
  sales: TOTALS.sales,
  card_minor: TOTALS.card_minor,
  totals: null,
  expected_cash_minor: null,
};

/** As a manager reads it: with what the drawer should hold. */
export const fullReading: XReport = { ...reading, totals: TOTALS, expected_cash_minor: 694_000 };

export const z: ZReport = {
  z_number: 37,
  session_id: id("session", 1),
  business_date: NIGHT,
  totals: TOTALS,
  float_minor: 60_000,
  expected_cash_minor: 694_000,
  counted_cash_minor: 692_000,
  variance_minor: -2_000,
};

/** The card that paid beside its sale, once the terminal said so. */
export const paidTwice = status({ paid_twice: [{ payment: cards.approved.payment, receipt_no: 412 }] });

const concern = (code: ConcernCode, events = 0, minutes = 0): Concern => ({
  code,
  since: NOW - MINUTE,
  events,
  minutes,
  detail: null,
});

/** A doubt, a debt to a customer, and a till that needs looking after. */
export const everyNotice = status({
  paid_twice: paidTwice.paid_twice,
  uncertain_payments: [cards.uncertain],
  concerns: [concern("disk_full"), concern("clock_wrong", 0, 12)],
});

/** What can befall a till's books, in the order of a bad week. */
export const everyConcern = status({
  concerns: [
    concern("ledger_damaged"),
    concern("till_revoked", 41),
    concern("ledger_restored", 128),
    concern("ledger_recovered", 128),
    concern("events_lost", 3),
  ],
});

export const copiedTill = status({
  concerns: [
    concern("till_cloned"),
    concern("chain_forked", 12),
    concern("clock_wrong", 0, -7),
    concern("server_restored", 12_845),
  ],
});

/** Who may settle, void and close the batch. */
export const manager: OperatorView = {
  staff_id: id("staff", 5),
  name: "Antonia V.",
  roles: ["manager"],
  may: [
    "open_register",
    "sell",
    "remove_line",
    "redeem_ticket",
    "open_drawer",
    "move_cash",
    "reprint",
    "see_expected_cash",
    "see_diagnostics",
    "settle_card",
    "void_card",
    "close_batch",
  ],
  may_with_approval: [],
};

const CREDIT = { ...APPROVAL, last4: "0461", brand: "MC", card_type: "CR", authorisation_code: "441207" };

/** A payment as another attempt. */
export function another(view: CardPaymentView, n: number, over: Partial<CardPayment> = {}): CardPaymentView {
  const payment = {
    ...view.payment,
    payment_id: id("payment", n),
    sale_id: id("sale", 400 + n),
    ticket_no: `0000${n}C`,
    started_at: NOW - n * 17 * MINUTE,
    ...over,
  } as CardPayment;
  return { ...view, payment };
}

/** What a bad night leaves behind, oldest first. */
export const openCards: OpenCardView[] = [
  {
    card: another(cards.uncertain, 9, { amount_minor: 38_470, promised: CREDIT }),
    reason: "in_doubt",
    terminal: "Transbank · ttyUSB1",
    asked_by: "Javiera P.",
    receipt_no: 398,
    ways: ["ask_terminal", "resolve"],
    outcomes: ["approved", "not_charged"],
  },
  {
    card: another(card({ state: "voiding", approval: CREDIT }, {}, 12_990), 6),
    reason: "void_in_doubt",
    terminal: "Transbank · ttyUSB1",
    asked_by: "Camila R.",
    receipt_no: null,
    ways: ["ask_terminal", "resolve"],
    outcomes: ["voided", "not_voided"],
  },
  {
    card: another(card({ state: "declined", code: "51" }, {}, 7_990), 4, {
      denied: { says: "approved", approval: CREDIT },
    }),
    reason: "contradicted",
    terminal: "Transbank · ttyUSB1",
    asked_by: "Camila R.",
    receipt_no: null,
    ways: ["resolve"],
    outcomes: ["approved"],
  },
  {
    card: another(card({ state: "approved", approval: CREDIT }, { can_void: true }), 2),
    reason: "not_counted",
    terminal: "Transbank · ttyUSB1",
    asked_by: "Camila R.",
    receipt_no: 411,
    ways: ["void", "return"],
    outcomes: [],
  },
];

export const danger = status({ operator: manager, open_cards: openCards.length });
/** The same night, seen by who may only sell. */
export const dangerCashier = status({ open_cards: openCards.length });
/** The same person, who may do all that with a manager's PIN. */
export const asking: TillStatus = {
  ...dangerCashier,
  operator: {
    ...(dangerCashier.operator as NonNullable<TillStatus["operator"]>),
    may_with_approval: ["settle_card", "void_card", "close_batch"],
  },
};
export const approvers: Approver[] = [
  { staff_id: "0193a5c2-0000-7000-8000-000000000901", name: "Antonia V.", roles: ["manager"] },
  { staff_id: "0193a5c2-0000-7000-8000-000000000902", name: "Ignacio B.", roles: ["manager"] },
];
export const cableless = status({ terminal_is_manual: true, terminal: device({ address: "manual" }) });

/** A card that pays a part and can be undone. */
export const part = card({ state: "approved", approval: CREDIT }, { can_void: true }, 14_501);

const settled = (n: number, ours: number, over: Partial<BatchLine> = {}): BatchLine => ({
  verdict: "agrees",
  payment_id: id("payment", n),
  ticket_no: `0000${String(n).padStart(2, "0")}`,
  operation_no: String(400 + n),
  authorisation_code: String(300_000 + n * 7_919),
  last4: String(1_000 + ((n * 3_571) % 9_000)),
  at: `23:${String((n * 7) % 60).padStart(2, "0")}`,
  ours_minor: ours,
  terminal_minor: ours,
  difference_minor: 0,
  ...over,
});
const AMOUNTS = [5_990, 24_501, 12_990, 8_490, 19_470, 6_490, 31_960, 4_490, 7_490, 11_980, 15_970, 9_980, 6_990, 22_460];
const evenLines = AMOUNTS.map((amount, i) => settled(i + 1, amount));

/** The batch of lines, with the sums the core would give. */
export function batch(lines: BatchLine[], over: Partial<BatchView> = {}): BatchView {
  const sum = (of: "ours_minor" | "terminal_minor") => ({
    count: lines.filter((line) => line[of] !== 0).length,
    total_minor: lines.reduce((total, line) => total + line[of], 0),
  });
  return {
    terminal: "Transbank · ttyUSB1",
    last_closed_at: NOW - 20 * 60 * MINUTE,
    closed_at: null,
    comparison: { ours: sum("ours_minor"), terminal: sum("terminal_minor"), listed: sum("terminal_minor"), lines },
    agrees: lines.every((line) => line.verdict === "agrees"),
    doubts: 0,
    ...over,
  };
}

export const evenBatch = batch(evenLines);
export const oddBatch = batch([
  ...evenLines.slice(0, 4),
  settled(20, 7_990, { verdict: "differs", terminal_minor: 9_770, difference_minor: 1_780 }),
  ...evenLines.slice(4),
  settled(21, 12_990, { verdict: "only_here", terminal_minor: 0, difference_minor: -12_990, at: "" }),
  settled(22, 0, { verdict: "only_there", terminal_minor: 24_501, difference_minor: 24_501, payment_id: undefined }),
]);
export const doubtfulBatch = batch(
  [...evenLines.slice(0, 5), settled(23, 0, { verdict: "in_doubt", authorisation_code: "", last4: "", at: "" })],
  { doubts: 1, agrees: false },
);
const unlisted = evenLines.map((line): BatchLine => ({ ...line, verdict: "unlisted", terminal_minor: 0, at: "" }));
const ours = batch(unlisted).comparison.ours;
/** Of a terminal that says its sum and no list, and of one that says nothing. */
export const sumBatch = batch([], { agrees: true, comparison: { ours, terminal: ours, lines: unlisted } });
export const untoldBatch = batch([], { agrees: false, comparison: { ours, lines: unlisted } });
/** What terminals do besides payments. */
export const getnetServices: ServicesView = {
  services: [
    "voucher",
    "last_voucher",
    "totals",
    "sales",
    "seller_sales",
    "tips",
    "parameters",
    "sim",
    "sale_kind",
    "stand_alone",
  ],
  vouchers: evenLines.slice(0, 6).map((line, n) => ({
    payment_id: line.payment_id ?? id("payment", n),
    amount_minor: line.ours_minor,
    asked_at: NOW - (n + 1) * 240_000,
    last4: line.last4,
  })),
};
export const transbankServices: ServicesView = {
  services: ["last_voucher", "totals", "sales", "load_keys", "stand_alone"],
  vouchers: [],
};

export const closedBatch: BatchView = { ...evenBatch, closed_at: NOW };

/** Totals of a night on which a person had to write cards down, and gave some back. */
const BY_HAND = {
  ...TOTALS,
  manual_cards: 2,
  manual_card_minor: 38_470,
  returned_minor: 24_501,
  paid_in_minor: 50_000,
  paid_out_minor: 8_500,
  dropped_minor: 600_000,
};
export const handReading: XReport = { ...fullReading, manual_card_minor: 38_470, totals: BY_HAND };
export const handZ: ZReport = { ...z, totals: BY_HAND };
