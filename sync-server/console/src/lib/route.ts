//! Where the reader is, kept in the address after `#`, so that a reload and the back key work and the server serves one page.

/** A night: which, the one that is on when there is no date; where, where it is on when no venue; and a sale of it. */
export interface NightRoute {
  page: "night";
  date: string | null;
  venueId: string | null;
  saleId: string | null;
}

export type Route = NightRoute | { page: "products" } | { page: "cards" } | { page: "incidents" };

export const TONIGHT: NightRoute = { page: "night", date: null, venueId: null, saleId: null };

/** An address nobody made here leads to tonight. */
export function readRoute(hash: string): Route {
  const [path = "", asked = ""] = hash.replace(/^#\/?/, "").split("?");
  const [page, date, saleId] = path.split("/");
  if (page === "products" || page === "cards" || page === "incidents") return { page };
  const isDate = date !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(date) && !Number.isNaN(Date.parse(date));
  const venueId = new URLSearchParams(asked).get("venue");
  return {
    page: "night",
    date: isDate ? date : null,
    venueId: venueId && isId(venueId) ? venueId : null,
    saleId: saleId && isId(saleId) ? saleId : null,
  };
}

/** Ids are made of what an address carries as it is. */
function isId(text: string): boolean {
  return /^[\w-]+$/.test(text);
}

export function writeRoute(route: Route): string {
  if (route.page !== "night") return `#/${route.page}`;
  const sale = route.saleId ? `/${route.saleId}` : "";
  const venue = route.venueId ? `?venue=${route.venueId}` : "";
  if (!route.date && !sale) return `#/night${venue}`;
  return `#/night/${route.date ?? "now"}${sale}${venue}`;
}
