//! Where the reader is, kept in the address after `#`, so that a reload and the back key work and the server serves one page.

export type Route =
  | { page: "night"; date: string | null; saleId: string | null }
  | { page: "products" };

/** An address nobody made here leads to tonight. */
export function readRoute(hash: string): Route {
  const [page, date, saleId] = hash.replace(/^#\/?/, "").split("/");
  if (page === "products") return { page: "products" };
  const isDate = date !== undefined && /^\d{4}-\d{2}-\d{2}$/.test(date) && !Number.isNaN(Date.parse(date));
  return { page: "night", date: isDate ? date : null, saleId: saleId && isId(saleId) ? saleId : null };
}

/** Ids are made of what an address carries as it is. */
function isId(text: string): boolean {
  return /^[\w-]+$/.test(text);
}

export function writeRoute(route: Route): string {
  if (route.page === "products") return "#/products";
  const sale = route.saleId ? `/${route.saleId}` : "";
  if (!route.date && !sale) return "#/night";
  return `#/night/${route.date ?? "now"}${sale}`;
}
