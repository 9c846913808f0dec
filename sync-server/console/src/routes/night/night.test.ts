import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { board, quietBoard, sale, sales, settledFlags, twoVenues } from "../../../tests/fixtures";
import type { Board } from "../../lib/api";
import { i18n } from "../../lib/i18n/index.svelte";
import { TONIGHT, type NightRoute } from "../../lib/route";
import { allHeardUntil, mayLack } from "./known";
import Night from "./Night.svelte";

/** The server and its bell, under the test's thumb. */
const server = {
  board: board as Board | Response | null,
  past: board,
  settles: true,
  asked: [] as string[],
  told: [] as unknown[],
  bell: null as EventTarget | null,
};
let page: Record<string, unknown> | undefined;
let refusals: string[] = [];

class FixtureBell extends EventTarget {
  constructor() {
    super();
    server.bell = this;
  }
  close(): void {
    server.bell = null;
  }
}

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("EventSource", FixtureBell);
  vi.stubGlobal("fetch", (path: string, init?: RequestInit) => {
    server.asked.push(path);
    if (path.startsWith("/v1/admin/flags/")) {
      if (!server.settles) return Promise.resolve(Response.json({ code: "forbidden", title: "" }, { status: 403 }));
      server.told.push([init?.method, path, JSON.parse(String(init?.body))]);
      return Promise.resolve(Response.json({ ...board.flags[0], settlement: settledFlags[0]?.settlement }));
    }
    if (path.startsWith("/v1/admin/flags")) return Promise.resolve(Response.json({ items: settledFlags }));
    if (path.startsWith("/v1/admin/sales/")) return Promise.resolve(Response.json(sale));
    if (path.startsWith("/v1/admin/sales")) return Promise.resolve(Response.json({ items: sales, next: null }));
    if (path.includes("business_date=")) return Promise.resolve(Response.json(server.past));
    if (server.board === null) return Promise.reject(new TypeError("no network"));
    return Promise.resolve(server.board instanceof Response ? server.board.clone() : Response.json(server.board));
  });
  server.board = board;
  server.asked = [];
  server.told = [];
  server.settles = true;
  refusals = [];
  i18n.speak("es");
  location.hash = "";
});

afterEach(async () => {
  if (page) await unmount(page);
  page = undefined;
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function settle(ms = 0): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  flushSync();
}

async function show(over: Partial<NightRoute> = {}): Promise<HTMLElement> {
  const target = document.createElement("div");
  document.body.replaceChildren(target);
  page = mount(Night, {
    target,
    props: { route: { ...TONIGHT, ...over }, onRefusal: (refusal) => refusals.push(refusal.code), onVenue: () => undefined },
  });
  await settle();
  return target;
}

/** What a person reads, with every kind of space made plain. */
function textOf(element: Element | null | undefined): string {
  return (element?.textContent ?? "").replace(/[\s\u00a0\u202f]+/g, " ").trim();
}

test("the sum says until when it is known, and for which till it is not", async () => {
  const shown = textOf(await show());
  expect(shown).toContain("Vendido, conocido hasta 00:42 salvo Caja 3");
  expect(shown).toContain("$4.812.300");
  expect(shown).toContain("Faltan entre $ 43.000 y $ 171.000 de Caja 3");
  server.board = { ...board, may_lack: null, tills: board.tills.map((till) => ({ ...till, may_lack: null })) };
  server.bell?.dispatchEvent(new Event("board"));
  await settle(1_000);
  expect(textOf(document.body)).toContain("Puede faltar lo de Caja 3 desde las 00:31");
});

test("the bars are drawn to one scale, and what may be missing follows what is known", async () => {
  const row = (await show()).querySelector("tr.hot .bar svg");
  const [known, hatch] = [...(row?.querySelectorAll("rect:not(pattern rect)") ?? [])].map((rect) => ({
    from: Number(rect.getAttribute("x")),
    long: Number(rect.getAttribute("width")),
  }));
  expect(hatch?.from).toBeCloseTo(known?.long ?? 0);
  // 43 000 beside 902 400, to the same scale.
  expect((hatch?.long ?? 0) / (known?.long ?? 1)).toBeCloseTo(43_000 / 902_400, 3);
  expect(row?.getAttribute("aria-label")).toContain("Puede faltar entre");
});

test("a company with one venue is not asked which; with two, the address says where", async () => {
  expect((await show()).querySelector("select")).toBeNull();
  if (page) await unmount(page);
  server.board = twoVenues;
  const select = (await show()).querySelector<HTMLSelectElement>("select")!;
  expect([...select.options].map((option) => option.text)).toEqual(["Bar Alerce", "Club Valdivia"]);
  expect(select.selectedOptions[0]?.text).toBe("Club Valdivia");
  select.value = twoVenues.venues[0]!.venue_id;
  select.dispatchEvent(new Event("change", { bubbles: true }));
  expect(location.hash).toBe(`#/night?venue=${twoVenues.venues[0]!.venue_id}`);
  if (page) await unmount(page);
  await show({ venueId: "0193-beef" });
  expect(server.asked.at(-1)).toBe("/v1/admin/board?venue_id=0193-beef");
});

test("a sum that every till confirmed has no reservation", async () => {
  server.board = { ...board, tills: board.tills.filter((till) => till.state === "online") };
  const shown = textOf(await show());
  expect(shown).toContain("Vendido, conocido hasta 00:42");
  expect(shown).not.toContain("salvo");
  expect(shown).not.toContain("todas las cajas hasta");
});

test("a silent till stands out with what it has to send", async () => {
  const cells = [...((await show()).querySelector("tr.hot")?.children ?? [])].map(textOf);
  expect(cells).toEqual(["Caja 3 Barra Sur", "Matías S.", "Sin línea", "00:31", "128", "$902.400", ""]);
});

test("a till that closed and sent everything is missing nothing", () => {
  const closed = { ...board.tills[2]!, session: null, unsent_events: 0 };
  expect(mayLack(closed, "2026-11-21")).toBe(false);
  expect(mayLack({ ...closed, unsent_events: 1 }, "2026-11-21")).toBe(true);
  const open = { ...board.tills[2]!, unsent_events: 0 };
  expect(mayLack(open, "2026-11-21")).toBe(true);
  expect(mayLack(open, "2026-11-20")).toBe(false);
  expect(allHeardUntil({ ...board, tills: [closed] })).toBeNull();
  expect(allHeardUntil(board)).toBe(board.tills[2]?.last_contact);
});

test("every quarter hour has its bar, hatched from where a till is missing", async () => {
  const bars = [...(await show()).querySelectorAll("rect.bar")];
  expect(bars).toHaveLength(board.by_quarter_hour.length);
  expect(bars.filter((bar) => bar.getAttribute("fill")?.startsWith("url("))).toHaveLength(1);
  expect(textOf(bars[0])).toBe("21:30, 9 ventas, $ 70.740");
});

test("a night without sales says so in one sentence", async () => {
  server.board = quietBoard;
  expect(textOf(await show())).toContain("Aún no hay ventas esta noche. La primera aparece aquí al segundo.");
});

test("the bell fetches the board anew, once for many rings", async () => {
  const shown = await show();
  server.bell?.dispatchEvent(new Event("open"));
  await settle(1_000);
  const before = server.asked.length;
  server.board = { ...board, totals: { ...board.totals, total_minor: 4_820_290 } };
  for (let ring = 0; ring < 20; ring += 1) server.bell?.dispatchEvent(new Event("board"));
  await settle(2_000);
  expect(server.asked.length - before).toBe(2);
  expect(textOf(shown)).toContain("$4.820.290");
});

test("time passes on the board though nobody rings", async () => {
  const shown = await show();
  server.board = { ...board, now: board.now + 60_000 };
  await settle(30_000);
  expect(textOf(shown)).toContain("conocido hasta 00:43");
});

test("when the server falls silent the old numbers stay, with their time", async () => {
  const shown = await show();
  server.board = null;
  for (let fall = 0; fall < 3; fall += 1) {
    server.bell?.dispatchEvent(new Event("error"));
    await settle(1_000);
  }
  expect(textOf(shown)).toContain("El servidor no contesta. Estos son los números de las 00:42");
  expect(textOf(shown)).toContain("$4.812.300");
  expect(shown.querySelector(".board.old")).not.toBeNull();
  server.board = board;
  await settle(15_000);
  expect(shown.querySelector(".board.old")).toBeNull();
  expect(textOf(shown)).toContain("Se actualiza cada 15 s");
  server.bell?.dispatchEvent(new Event("open"));
  await settle(1_000);
  expect(textOf(shown)).toContain("En vivo");
});

test("an ended session is passed on, not shown", async () => {
  server.board = Response.json({ code: "unauthenticated", title: "" }, { status: 401 });
  expect(textOf(await show())).not.toContain("Código");
  expect(refusals).toEqual(["unauthenticated"]);
});

test("the arrows walk the sales and a sale opens beside them", async () => {
  const shown = await show();
  const press = (key: string) => document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true }));
  press("ArrowDown");
  press("ArrowDown");
  expect(textOf(document.activeElement)).toBe("BTZ 412");
  press("ArrowUp");
  expect(textOf(document.activeElement)).toBe("BMB 412");
  press("/");
  expect(document.activeElement?.tagName).toBe("INPUT");
  const search = shown.querySelector<HTMLInputElement>(".search input")!;
  search.value = "MOJITO aperol";
  search.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
  expect(shown.querySelectorAll("a.open")).toHaveLength(5);
  press("Enter");
  expect(location.hash).toBe(`#/night/now/${sales[5]!.sale_id}`);
});

test("the opened sale shows its lines, its tax and its payments", async () => {
  const card = textOf((await show({ saleId: sales[1]!.sale_id })).querySelector(".sale"));
  expect(card).toContain("Venta BTZ 412");
  expect(card).toContain("2 Piscola Alto 35$ 5.990 c/u $11.980");
  expect(card).toMatch(/Neto ?\$20.589 IVA 19 % ?\$3.912 Total ?\$24.501/);
  expect(card).toContain("Visa débito ···· 4417 aut. 093412, operación 000412");
  expect(card).toContain("Efectivo recibió $ 20.000, vuelto $ 10.000");
  expect(card).toContain("BTZ 11725 1 entrega");
  expect(card).toContain("Registro 8.847 de Caja 2");
});

test("another night is asked for by its date, and is not known until now but over", async () => {
  const past = { ...board, business_date: "2026-11-14", tills: board.tills.filter((till) => till.state === "online") };
  server.past = past;
  const shown = textOf(await show({ date: "2026-11-14" }));
  expect(server.asked).toContain("/v1/admin/board?business_date=2026-11-14");
  expect(shown).toContain("Noche del sábado");
  expect(shown).toContain("Ir a esta noche");
  expect(shown).not.toContain("conocido hasta");
});

test("in English the same night reads in English", async () => {
  i18n.speak("en");
  const shown = textOf(await show());
  expect(shown).toContain("Saturday night");
  expect(shown).toContain("$4,812,300");
  expect(shown).toContain("Sold, known until 00:42 except Caja 3");
});

/** Writes a note on the double charge and goes as far as the question. */
async function noteDoubleCharge(shown: HTMLElement): Promise<HTMLFormElement> {
  expect(textOf(shown)).toContain("El mismo pago con tarjeta dos veces");
  shown.querySelector<HTMLButtonElement>("[aria-label='Resolver: El mismo pago con tarjeta dos veces']")!.click();
  flushSync();
  const form = shown.querySelector<HTMLFormElement>("form")!;
  const note = form.querySelector("textarea")!;
  expect(document.activeElement).toBe(note);
  form.requestSubmit();
  flushSync();
  expect(textOf(form), "nothing is settled without a note").not.toContain("¿Queda resuelta?");
  note.value = " Anulado en el terminal ";
  note.dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
  form.requestSubmit();
  flushSync();
  expect(textOf(form)).toContain("¿Queda resuelta?");
  expect(server.told, "not before somebody confirmed it").toEqual([]);
  await settle();
  return form;
}

test("a double charge is settled with a note and a second word, and is history then", async () => {
  const shown = await show();
  const form = await noteDoubleCharge(shown);
  form.requestSubmit();
  await settle();
  const path = `/v1/admin/flags/${encodeURIComponent(board.flags[0]!.flag_id)}/settlement`;
  expect(server.told).toEqual([["PUT", path, { note: "Anulado en el terminal" }]]);
  expect(textOf(shown)).not.toContain("El mismo pago con tarjeta dos veces");
  expect(textOf(shown), "the others stay").toContain("Ticket entregado más de una vez");
  shown.querySelector("details")!.open = true;
  shown.querySelector("details")!.dispatchEvent(new Event("toggle"));
  await settle();
  expect(textOf(shown.querySelector("details"))).toContain("la caja ya estaba contada. Valentina O., 22-11-2026 00:02");
});

test("what the server does not settle stays on the list and says why", async () => {
  server.settles = false;
  const shown = await show();
  const form = await noteDoubleCharge(shown);
  form.requestSubmit();
  await settle();
  expect(textOf(form)).toContain("No quedó resuelta: su rol no lo permite.");
  expect(refusals).toEqual(["forbidden"]);
  form.querySelector<HTMLButtonElement>("button[type=button]")!.click();
  flushSync();
  expect(form.querySelector("textarea")?.value, "back at the note").toBe(" Anulado en el terminal ");
});
