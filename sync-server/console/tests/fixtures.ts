//! A night at Club Valdivia, for tests and for the gallery. Made once, by the minute, without chance.

import type { Board, BoardTill, Category, Deed, Flag, Incident, OpenCard, Product, QuarterHour, SaleDetail, SaleRow } from "../src/lib/api";

/** 21 November 2026, 21:30 in Santiago. */
const OPENED = Date.UTC(2026, 10, 22, 0, 30);
/** 22 November 2026, 00:42 in Santiago. */
export const NOW = Date.UTC(2026, 10, 22, 3, 42);
const MINUTE = 60_000;

const venue: Board["venue"] = {
  venue_id: "0193a5c2-0000-7000-8000-000000000001",
  name: "Club Valdivia",
  tax_id: "76.543.210-3",
  address: "Av. Libertador 1234, Santiago",
  currency: "CLP",
  time_zone: "America/Santiago",
  cut_over_minutes: 360,
  cash_rounding: { unit_minor: 10, tie: "down", keeps_nonzero: true },
  ticket_valid_days: 1,
  redemption_policy: { rule: "accept_all" },
  paper: { header: [], footer: [] },
};

function till(no: number, name: string, place: string, operator: string, rest: Partial<BoardTill>): BoardTill {
  return {
    device_id: `0193a5c2-0000-7000-8000-00000000010${String(no)}`,
    device_no: no,
    name,
    register_code: ["BMB", "BTZ", "BVP", "BEN", "BPU", "BBN"][no - 1] ?? null,
    register_name: place,
    state: "online",
    last_contact: NOW,
    unsent_events: 0,
    may_lack: null,
    session: { business_date: "2026-11-21", opened_at: OPENED + no * MINUTE, operator },
    sales: 100,
    total_minor: 0,
    ...rest,
  };
}

const tills: BoardTill[] = [
  till(1, "Caja 1", "Mesón", "Javiera P.", { sales: 168, total_minor: 1_284_300 }),
  till(2, "Caja 2", "Barra Norte", "Camila R.", { sales: 190, total_minor: 1_467_200, unsent_events: 3 }),
  till(3, "Caja 3", "Barra Sur", "Matías S.", {
    sales: 121,
    total_minor: 902_400,
    state: "silent",
    last_contact: NOW - 11 * MINUTE,
    unsent_events: 128,
    may_lack: { least_minor: 43_000, most_minor: 171_000 },
  }),
  till(4, "Caja 4", "Terraza", "Ignacia T.", { sales: 77, total_minor: 611_900 }),
  till(5, "Puerta", "Entrada", "Rodrigo L.", { sales: 56, total_minor: 546_500, unsent_events: 1 }),
  till(6, "Guardarropía", "Hall", "", { state: "never", last_contact: null, session: null, sales: 0 }),
];

const PER_QUARTER = [9, 14, 22, 31, 40, 38, 44, 52, 47, 58, 66, 71, 62];

const quarters: QuarterHour[] = PER_QUARTER.map((sales, place) => ({
  from: OPENED + place * 15 * MINUTE,
  sales,
  total_minor: sales * 7860,
}));

const BASKETS: [string, number, string][] = [
  ["2 × Piscola Alto 35, 1 × Mojito, 1 × Agua mineral, 1 × Kunstmann Torobayo", 24_501, "card"],
  ["1 × Gin Tonic Beefeater", 7_990, "cash"],
  ["2 × Kunstmann Torobayo", 8_980, "card"],
  ["1 × Botella Alto 35 + 4 bebidas", 49_990, "card"],
  ["3 × Shot Tequila", 11_970, "cash"],
  ["1 × Mojito, 1 × Aperol Spritz", 13_980, "card"],
  ["1 × Agua mineral", 1_990, "cash"],
  ["2 × Ron Cola, 1 × Papas fritas", 16_970, "card"],
  ["1 × Red Bull", 3_990, "cash"],
  ["4 × Cristal lata", 11_960, "card"],
];

export const sales: SaleRow[] = Array.from({ length: 50 }, (_, place) => {
  const [lines, total, tender] = BASKETS[place % BASKETS.length] ?? ["", 0, "cash"];
  const by = tills[place % 5];
  return {
    sale_id: `0193a5c2-0000-7000-9000-${String(place).padStart(12, "0")}`,
    device_id: by?.device_id ?? "",
    receipt_no: 412 - Math.floor(place / 5),
    register_code: by?.register_code ?? null,
    device_name: by?.name ?? null,
    business_date: "2026-11-21",
    completed_at: NOW - place * 47_000 - 12_000,
    currency: "CLP",
    total_minor: total,
    tax_minor: Math.floor((total * 19) / 119),
    tenders: place === 7 ? ["cash", "card"] : [tender],
    lines,
    operator: by?.session?.operator ?? null,
  };
});

function flag(code: string, name: string, seq: number, minutesAgo: number): Flag {
  const chain = "0193a5c2-0000-7000-8000-00000000c4a1";
  const at = NOW - minutesAgo * MINUTE;
  return { flag_id: `${chain}.0.${String(seq)}.${code}`, code, device_name: name, chain, seq, at, settlement: null };
}

export const board: Board = {
  now: NOW,
  business_date: "2026-11-21",
  venue,
  venues: [{ venue_id: venue?.venue_id ?? "", name: "Club Valdivia" }],
  currency: "CLP",
  may_lack: { least_minor: 43_000, most_minor: 171_000 },
  waits_for: [],
  totals: {
    sales: 612,
    total_minor: 4_812_300,
    tax_minor: 768_351,
    cash_minor: 1_609_690,
    card_minor: 3_202_600,
    rounding_minor: -10,
    paid_in_minor: 0,
    paid_out_minor: 0,
    dropped_minor: 0,
  },
  by_tender: [
    { tender: "card", payments: 388, amount_minor: 3_202_600 },
    { tender: "cash", payments: 231, amount_minor: 1_609_690 },
  ],
  tills,
  by_quarter_hour: quarters,
  recent_sales: sales,
  flags: [
    flag("card_payment_repeated", "Caja 2", 2904, 9),
    flag("over_redeemed", "Caja 4", 3310, 14),
    flag("z_mismatch", "Puerta", 512, 18),
  ],
};

/** What was dealt with. */
export const settledFlags: Flag[] = [
  {
    ...flag("session_closed", "Caja 1", 1702, 55),
    settlement: { at: NOW - 40 * MINUTE, by: "Valentina O.", note: "Venta de las 05:58, la caja ya estaba contada." },
  },
];

/** The same company with a second house. */
export const twoVenues: Board = {
  ...board,
  venues: [{ venue_id: "0193a5c2-0000-7000-8000-00000000beef", name: "Bar Alerce" }, ...board.venues],
};

/** Before the first sale. */
export const quietBoard: Board = {
  ...board,
  now: OPENED + 4 * MINUTE,
  totals: { sales: 0, total_minor: 0, tax_minor: 0, cash_minor: 0, card_minor: 0, rounding_minor: 0, paid_in_minor: 0, paid_out_minor: 0, dropped_minor: 0 },
  may_lack: null,
  by_tender: [],
  by_quarter_hour: [],
  recent_sales: [],
  flags: [],
  tills: tills
    .slice(0, 3)
    .map((one) => ({ ...one, state: "online", unsent_events: 0, may_lack: null, last_contact: OPENED + 4 * MINUTE, sales: 0, total_minor: 0 })),
};

export const sale: SaleDetail = {
  sale: {
    ...(sales[1] as SaleRow),
    completed_at: Date.UTC(2026, 10, 22, 2, 53, 3),
    total_minor: 24_501,
    tax_minor: 3_912,
    tenders: ["card", "cash"],
  },
  lines: (
    [
      ["Piscola Alto 35", 2000, 5_990, 11_980],
      ["Mojito", 1000, 6_490, 6_490],
      ["Agua mineral", 1000, 1_990, 1_990],
      ["Kunstmann Torobayo", 1000, 4_041, 4_041],
    ] as const
  ).map(([name, quantity, price, total], place) => ({
    line_no: place + 1,
    product_id: `p${String(place)}`,
    product_number: place + 1,
    sku: `CV-00${String(place + 1)}`,
    name,
    quantity_milli: quantity,
    unit_price_minor: price,
    tax_rate_bp: 1900,
    total_minor: total,
    is_ticketed: place !== 2,
  })),
  totals: {
    total_minor: 24_501,
    tax_minor: 3_912,
    net_minor: 20_589,
    taxes: [{ rate_bp: 1900, gross_minor: 24_501, net_minor: 20_589, tax_minor: 3_912 }],
  },
  payments: [
    {
      tender: "card",
      amount_minor: 14_501,
      tendered_minor: null,
      approval: { authorisation_code: "093412", operation_no: "000412", last4: "4417", brand: "VI", card_type: "DB" },
      is_manual: false,
    },
    { tender: "cash", amount_minor: 10_000, tendered_minor: 20_000, approval: null, is_manual: false },
  ],
  change_minor: 10_000,
  rounding_minor: 0,
  tickets: [
    { ticket_id: "t1", display_code: "BTZ 11725", redemptions: 1 },
    { ticket_id: "t2", display_code: "BTZ 11726", redemptions: 0 },
  ],
  seq: 8847,
  hash: "b1d5a0c49f3177ac90efe8f45502c07a1e5b0d92b61341be77d95a60d87f3c28",
};

export const categories: Category[] = ["Tragos", "Cócteles", "Cervezas", "Vinos", "Shots", "Sin alcohol", "Comida", "Entradas"].map(
  (name, place) => ({ category_id: `c${String(place + 1)}`, name, tint: place + 1, position: place, is_active: true }),
);

const CARD: [string, number, number][] = [
  ["Piscola Alto 35", 1, 5_990],
  ["Piscola Mistral 40", 1, 6_990],
  ["Gin Tonic Beefeater", 1, 7_990],
  ["Gin Tonic Hendrick’s", 1, 10_990],
  ["Ron Cola", 1, 5_990],
  ["Botella Alto 35 + 4 bebidas", 1, 49_990],
  ["Mojito", 2, 6_490],
  ["Aperol Spritz", 2, 7_490],
  ["Kunstmann Torobayo", 3, 4_490],
  ["Cristal lata", 3, 2_990],
  ["Copa de la casa", 4, 4_990],
  ["Shot Tequila", 5, 3_990],
  ["Agua mineral", 6, 1_990],
  ["Red Bull", 6, 3_990],
  ["Papas fritas", 7, 4_990],
  ["Entrada general", 8, 10_000],
];

export const products: Product[] = CARD.map(([name, category, price], place) => ({
  product_id: `p${String(place + 1)}`,
  number: place + 1,
  sku: `CV-${String(place + 1).padStart(3, "0")}`,
  name,
  category_id: `c${String(category)}`,
  price_minor: price,
  tax_rate_bp: 1900,
  barcodes: [],
  tags: [],
  is_ticketed: category < 6 || category === 8,
  position: place,
  is_active: place !== 10,
}));

function openCard(no: number, minutesAgo: number, rest: Partial<OpenCard>): OpenCard {
  const by = tills[no % 5];
  return {
    payment_id: `0193a5c2-0000-7000-a000-${String(no).padStart(12, "0")}`,
    sale_id: sales[no]?.sale_id ?? "",
    device_id: by?.device_id ?? "",
    device_name: by?.name ?? "",
    terminal: "usb-Ingenico_Desk3500_07",
    ticket_no: `0000${String(no)}K`,
    amount_minor: 12_990,
    asked_by: by?.session?.operator ?? null,
    asked_at: NOW - minutesAgo * MINUTE,
    age_ms: minutesAgo * MINUTE,
    reason: "in_doubt",
    says: "uncertain",
    authorisation_code: null,
    last4: null,
    denied_by: null,
    is_manual: false,
    settled_by: null,
    settled_at: null,
    note: null,
    is_sale_finished: false,
    ways: ["ask_terminal", "resolve"],
    ...rest,
  };
}

/** The danger zone, oldest first. */
export const openCards: OpenCard[] = [
  openCard(1, 2 * 24 * 60 + 90, {
    amount_minor: 49_990,
    reason: "contradicted",
    says: "declined",
    denied_by: "approved",
    authorisation_code: "093412",
    last4: "4417",
    is_manual: true,
    settled_by: "Valentina O.",
    settled_at: NOW - 2 * 24 * 60 * MINUTE,
    note: "Terminal sin comprobante; la clienta mostró que no tenía cargo.",
    is_sale_finished: true,
    ways: ["resolve"],
  }),
  openCard(2, 205, {
    amount_minor: 8_980,
    reason: "not_counted",
    says: "approved",
    authorisation_code: "252986",
    last4: "0461",
    ways: ["void", "return"],
  }),
  openCard(3, 34, { amount_minor: 24_501, is_sale_finished: true }),
  openCard(4, 6, {
    amount_minor: 13_980,
    reason: "void_in_doubt",
    says: "voiding",
    authorisation_code: "252991",
    last4: "7781",
    asked_by: null,
  }),
];

function deed(no: number, minutesAgo: number, staff: string | null): Deed {
  const by = tills[no];
  const at = NOW - minutesAgo * MINUTE;
  return { at, staff, device_id: by?.device_id ?? "", device_name: by?.name ?? "", register_name: by?.register_name ?? null };
}

const twice = { ticket_id: "00020007002dcd", display_code: "BTZ 11725-K", sale_id: sales[1]?.sale_id ?? null, voided: null };
const handOvers: Incident["hand_overs"] = [
  {
    redemption_id: "0193a5c2-0000-7000-b000-000000000001",
    by: deed(1, 31, "Camila R."),
    is_promised: true,
    lines: [{ line_no: 1, name: "Piscola Alto 35", quantity: 2, wrong: 0 }],
  },
  {
    redemption_id: "0193a5c2-0000-7000-b000-000000000002",
    by: deed(2, 17, "Matías S."),
    is_promised: false,
    lines: [{ line_no: 1, name: "Piscola Alto 35", quantity: 1, wrong: 1 }],
  },
];

/** What went wrong with tickets, newest first. */
export const incidents: Incident[] = [
  {
    ...twice,
    incident_id: `${twice.ticket_id}.shown_again`,
    kind: "shown_again",
    at: NOW - 4 * MINUTE,
    given: [],
    cost_minor: 0,
    hand_overs: handOvers.map((one) => ({ ...one, lines: one.lines.map((line) => ({ ...line, wrong: 0 })) })),
    shown: [{ by: deed(1, 4, "Camila R."), times: 3 }],
  },
  {
    ...twice,
    incident_id: `${twice.ticket_id}.double`,
    kind: "double",
    at: NOW - 17 * MINUTE,
    given: [{ product_number: 1, name: "Piscola Alto 35", quantity: 1, unit_price_minor: 5_990 }],
    cost_minor: 5_990,
    hand_overs: handOvers,
    shown: [],
  },
  {
    ticket_id: "0001000700019c",
    incident_id: "0001000700019c.redeemed_void",
    kind: "redeemed_void",
    at: NOW - 32 * MINUTE,
    display_code: "BMB 00412-C",
    sale_id: null,
    given: [{ product_number: 7, name: "Mojito", quantity: 1, unit_price_minor: 6_490 }],
    cost_minor: 6_490,
    hand_overs: [
      {
        redemption_id: "0193a5c2-0000-7000-b000-000000000003",
        by: deed(3, 32, null),
        is_promised: false,
        lines: [{ line_no: 1, name: "Mojito", quantity: 1, wrong: 1 }],
      },
    ],
    voided: { by: deed(0, 41, "Valentina O."), reason: "Se equivocó de trago" },
    shown: [],
  },
];
