//! The server's admin API as the console uses it, typed by the server's own document (`npm run types`). Times are
//! milliseconds since 1970, money counts minor units.

import type { components, paths } from "./api-types";

type Schemas = components["schemas"];
/** What may be asked of a list or a board; what is not asked is left out. */
type Query<Path extends keyof paths> = paths[Path] extends { get: { parameters: { query?: infer Asked } } }
  ? { [Name in keyof NonNullable<Asked>]?: NonNullable<Asked>[Name] | null | undefined }
  : never;

export type AdminSession = Schemas["SessionOut"];
export type Board = Schemas["Board"];
export type BoardTill = Schemas["BoardTill"];
export type BoardVenue = Schemas["BoardVenue"];
export type CardApproval = Schemas["CardApproval"];
export type Category = Schemas["CategoryOut"];
export type Flag = Schemas["FlagOut"];
export type Deed = Schemas["DeedOut"];
export type Incident = Schemas["IncidentOut"];
export type MayLack = Schemas["MayLack"];
export type OpenCard = Schemas["OpenCardOut"];
export type Payment = Schemas["PaymentOut"];
export type Product = Schemas["ProductOut"];
export type QuarterHour = Schemas["QuarterHour"];
export type SaleDetail = Schemas["SaleDetailOut"];
export type SaleRow = Schemas["SaleOut"];
export type TenderTotal = Schemas["TenderTotal"];

export interface Page<T> {
  items: T[];
  next: string | null;
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

/** The address with what is asked; what is null is not. */
function asking<Path extends keyof paths>(path: Path, fields: Query<Path>): string {
  const given = Object.entries(fields).filter(([, value]) => value !== null && value !== undefined);
  const asked = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return given.length ? `${path}?${asked.toString()}` : path;
}

/** Which night and where; without them, the night that is on where it is on. */
export interface Asked {
  date: string | null;
  venueId: string | null;
}

export const api = {
  logIn: (name: string, password: string) => call<Schemas["SignedInOut"]>("POST", "/v1/admin/session", { name, password }),
  session: () => call<AdminSession>("GET", "/v1/admin/session"),
  logOut: () => call<unknown>("DELETE", "/v1/admin/session"),
  board: ({ date, venueId }: Asked) =>
    call<Board>("GET", asking("/v1/admin/board", { business_date: date, venue_id: venueId })),
  sales: ({ date, venueId }: Asked, before: string | null) =>
    call<Page<SaleRow>>(
      "GET",
      asking("/v1/admin/sales", { business_date: date, venue_id: venueId, limit: 50, before }),
    ),
  sale: (saleId: string) => call<SaleDetail>("GET", `/v1/admin/sales/${encodeURIComponent(saleId)}`),
  products: (after: string | null) => call<Page<Product>>("GET", asking("/v1/admin/products", { limit: 200, after })),
  categories: () => call<Page<Category>>("GET", asking("/v1/admin/categories", { limit: 200 })),
  /** Its id and its number stay what they are, and are not sent. */
  saveProduct: ({ product_id, number: _, ...changes }: Product) =>
    call<Product>("PUT", `/v1/admin/products/${encodeURIComponent(product_id)}`, changes satisfies Schemas["ProductIn"]),
  settledFlags: (venueId: string | null) =>
    call<Schemas["FlagList"]>("GET", asking("/v1/admin/flags", { settled: true, venue_id: venueId, limit: 20 })),
  /** Said again, the first word stands and is answered. */
  settleFlag: (flagId: string, note: string) =>
    call<Flag>("PUT", `/v1/admin/flags/${encodeURIComponent(flagId)}/settlement`, {
      note,
    } satisfies Schemas["SettlementIn"]),
  /** The oldest, as many as the server says at once. */
  openCards: () => call<Schemas["OpenCardList"]>("GET", asking("/v1/admin/card-payments/open", { limit: 200 })),
  /** The newest, or those after what an answer before gave as `next`. */
  incidents: (before: string | null) =>
    call<Page<Incident>>("GET", asking("/v1/admin/incidents", { limit: 50, before })),
  bell: () => new EventSource("/v1/admin/bell"),
};
