//! The console over a fixture instead of a server, for looking at: `npm run dev`, then
//! `/tests/gallery.html?show=night|quiet|loading|lost|login|wrong&lang=es#/night/…`. Not part of the build.

import { board, categories, incidents, openCards, products, quietBoard, sale, sales, settledFlags, twoVenues } from "./fixtures";

const asked = new URLSearchParams(location.search);
const show = asked.get("show") ?? "night";
localStorage.setItem("barra.lang", asked.get("lang") ?? "es");

function answer(body: unknown, status = 200): Response {
  return new Response(JSON.stringify(body), { status, headers: { "content-type": "application/json" } });
}

let boards = 0;

function saleOf(saleId: string) {
  return { ...sale, sale: { ...sale.sale, ...sales.find((row) => row.sale_id === saleId) } };
}

globalThis.fetch = (input, init) => {
  const url = new URL(String(input), location.href);
  const method = init?.method ?? "GET";
  const path = url.pathname.replace("/v1/admin/", "");
  if (path === "session") {
    const isInside = show !== "login" && show !== "wrong";
    if (method === "GET" && isInside) return Promise.resolve(answer({ name: "Valentina O.", expires_at: 0 }));
    return Promise.resolve(answer({ code: "unauthenticated", title: "" }, 401));
  }
  if (path === "board") {
    boards += 1;
    if (show === "loading") return new Promise(() => undefined);
    if (show === "lost" && boards > 1) return Promise.reject(new TypeError("no network"));
    const date = url.searchParams.get("business_date");
    const night = show === "quiet" ? quietBoard : show === "venues" ? twoVenues : board;
    return Promise.resolve(answer(date ? { ...night, business_date: date } : night));
  }
  if (path === "sales") return Promise.resolve(answer({ items: sales, next: null }));
  if (path.startsWith("sales/")) return Promise.resolve(answer(saleOf(path.slice(6))));
  if (path === "card-payments/open") return Promise.resolve(answer({ items: show === "quiet" ? [] : openCards }));
  if (path === "incidents") return Promise.resolve(answer({ items: show === "quiet" ? [] : incidents, next: null }));
  if (path === "flags") return Promise.resolve(answer({ items: settledFlags }));
  if (path.startsWith("flags/")) {
    const settled = board.flags.find((flag) => path.includes(flag.flag_id));
    const { note } = JSON.parse(String(init?.body)) as { note: string };
    return Promise.resolve(answer({ ...settled, settlement: { at: board.now, by: "Valentina O.", note } }));
  }
  if (path === "categories") return Promise.resolve(answer({ items: categories, next: null }));
  if (path === "products") return Promise.resolve(answer({ items: products, next: null }));
  if (path.startsWith("products/")) {
    const product = products.find((one) => path.endsWith(one.product_id));
    return Promise.resolve(answer({ ...product, ...JSON.parse(String(init?.body)) }));
  }
  return Promise.resolve(answer({ code: "not_found", title: "" }, 404));
};

class FixtureBell extends EventTarget {
  constructor() {
    super();
    queueMicrotask(() => this.dispatchEvent(new Event("open")));
  }
  close(): void {
    // Nothing was opened.
  }
}
globalThis.EventSource = FixtureBell as unknown as typeof EventSource;

await import("../src/main");
