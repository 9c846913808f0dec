//! The server's admin API as the console uses it. Types written by hand from its contract; times are milliseconds
//! since 1970, money counts minor units.

import type { Currency } from "./money";

export interface AdminSession {
  name: string;
  role: string;
  expires_at: number;
}

export interface Venue {
  venue_id: string;
  name: string;
  tax_id: string;
  address: string;
  currency: Currency;
  time_zone: string;
  cut_over_minutes: number;
}

export interface BoardTotals {
  sales: number;
  total_minor: number;
  tax_minor: number;
  cash_minor: number;
  card_minor: number;
  rounding_minor: number;
}

export interface TenderTotal {
  tender: string;
  payments: number;
  amount_minor: number;
}

export type TillState = "online" | "silent" | "never" | "revoked";

export interface BoardTill {
  device_id: string;
  device_no: number;
  name: string;
  register_code: string | null;
  register_name: string | null;
  state: TillState;
  last_contact: number | null;
  /** How many events the till still had to send when it last spoke. */
  unsent_events: number;
  session: { business_date: string; opened_at: number; operator: string | null } | null;
  sales: number;
  total_minor: number;
}

export interface QuarterHour {
  from: number;
  sales: number;
  total_minor: number;
}

export interface SaleRow {
  sale_id: string;
  device_id: string;
  receipt_no: number;
  /** Null when not known there, like the next one. */
  register_code: string | null;
  device_name: string | null;
  business_date: string;
  completed_at: number;
  currency: Currency;
  total_minor: number;
  tax_minor: number;
  tenders: string[];
  /** `2 × Piscola, 1 × Agua`. */
  lines: string;
  /** Null when not known there. */
  operator: string | null;
}

export interface Flag {
  code: string;
  device_name: string;
  seq: number;
  at: number;
}

export interface Board {
  now: number;
  business_date: string;
  venue: Venue | null;
  currency: Currency;
  totals: BoardTotals;
  by_tender: TenderTotal[];
  tills: BoardTill[];
  by_quarter_hour: QuarterHour[];
  recent_sales: SaleRow[];
  flags: Flag[];
}

export interface Page<T> {
  items: T[];
  next: string | null;
}

export interface SaleLine {
  line_no: number;
  product_id: string;
  sku: string;
  name: string;
  quantity_milli: number;
  unit_price_minor: number;
  tax_rate_bp: number;
  total_minor: number;
  is_ticketed: boolean;
}

/** The terminal's word for a card payment. */
export interface CardApproval {
  authorisation_code: string;
  operation_no: string;
  last4: string;
  brand: string;
  card_type: string;
}

export interface SaleTotals {
  total_minor: number;
  tax_minor: number;
  net_minor: number;
  taxes: { rate_bp: number; gross_minor: number; net_minor: number; tax_minor: number }[];
}

export interface Payment {
  tender: string;
  amount_minor: number;
  /** What was handed over; null for cards. */
  tendered_minor: number | null;
  /** Null for cash. */
  approval: CardApproval | null;
}

export interface Ticket {
  ticket_id: string;
  display_code: string;
  /** How often something was handed over on it. */
  redemptions: number;
}

export interface SaleDetail {
  sale: SaleRow;
  lines: SaleLine[];
  totals: SaleTotals;
  payments: Payment[];
  change_minor: number;
  rounding_minor: number;
  tickets: Ticket[];
  /** Where its event stands in the till's chain. */
  seq: number;
  hash: string;
}

export interface Product {
  product_id: string;
  number: number;
  sku: string;
  name: string;
  category_id: string;
  price_minor: number;
  tax_rate_bp: number;
  barcodes: string[];
  is_ticketed: boolean;
  position: number;
  is_active: boolean;
}

export interface Category {
  category_id: string;
  name: string;
  tint: number;
  position: number;
  is_active: boolean;
}

/** The server said no, or said nothing: then `status` is 0 and `code` is `unreachable`. */
export class Refusal extends Error {
  readonly status: number;
  readonly code: string;
  /** How long to wait before trying again, where the server says so. */
  readonly retryAfterS: number | null;

  constructor(status: number, code: string, title: string, retryAfterS: number | null = null) {
    super(title);
    this.status = status;
    this.code = code;
    this.retryAfterS = retryAfterS;
  }
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const init: RequestInit = { method, credentials: "same-origin", headers: { accept: "application/json" } };
  if (body !== undefined) {
    init.headers = { accept: "application/json", "content-type": "application/json" };
    init.body = JSON.stringify(body);
  }
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Refusal(0, "unreachable", "the server did not answer");
  }
  if (!response.ok) throw await refusalOf(response);
  const text = await response.text();
  return (text ? JSON.parse(text) : undefined) as T;
}

async function refusalOf(response: Response): Promise<Refusal> {
  const problem = (await response.json().catch(() => null)) as { code?: string; title?: string } | null;
  const retryAfter = Number(response.headers.get("retry-after") ?? Number.NaN);
  return new Refusal(
    response.status,
    problem?.code ?? `http_${String(response.status)}`,
    problem?.title ?? "",
    Number.isFinite(retryAfter) ? retryAfter : null,
  );
}

function query(fields: Record<string, string | null>): string {
  const given = Object.entries(fields).filter((field): field is [string, string] => field[1] !== null);
  return given.length ? `?${new URLSearchParams(given).toString()}` : "";
}

export const api = {
  logIn: (name: string, password: string) => call<AdminSession>("POST", "/v1/admin/session", { name, password }),
  session: () => call<AdminSession>("GET", "/v1/admin/session"),
  logOut: () => call<unknown>("DELETE", "/v1/admin/session"),
  /** Without a date, the night that is now. */
  board: (businessDate: string | null) => call<Board>("GET", `/v1/admin/board${query({ business_date: businessDate })}`),
  sales: (businessDate: string, before: string | null) =>
    call<Page<SaleRow>>("GET", `/v1/admin/sales${query({ business_date: businessDate, limit: "50", before })}`),
  sale: (saleId: string) => call<SaleDetail>("GET", `/v1/admin/sales/${encodeURIComponent(saleId)}`),
  products: (after: string | null) => call<Page<Product>>("GET", `/v1/admin/products${query({ limit: "200", after })}`),
  categories: () => call<Page<Category>>("GET", "/v1/admin/categories?limit=200"),
  /** Its id and its number stay what they are, and are not sent. */
  saveProduct: ({ product_id, number: _, ...changes }: Product) =>
    call<Product>("PUT", `/v1/admin/products/${encodeURIComponent(product_id)}`, changes),
  bell: () => new EventSource("/v1/admin/bell"),
};
