import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { board, openCards } from "../../../tests/fixtures";
import type { OpenCard } from "../../lib/api";
import { i18n } from "../../lib/i18n/index.svelte";
import Cards from "./Cards.svelte";

let open: OpenCard[] = openCards;
let isAway = false;
let bell: EventTarget | null = null;
let page: Record<string, unknown> | undefined;
let refusals: number[] = [];

class FixtureBell extends EventTarget {
  constructor() {
    super();
    bell = this;
  }
  close(): void {
    bell = null;
  }
}

beforeEach(() => {
  vi.useFakeTimers({ now: board.now });
  vi.stubGlobal("EventSource", FixtureBell);
  vi.stubGlobal("fetch", (path: string) => {
    if (isAway) return Promise.reject(new TypeError("no network"));
    return Promise.resolve(Response.json(path.includes("/board") ? board : { items: open }));
  });
  open = openCards;
  isAway = false;
  refusals = [];
  i18n.speak("es");
});

afterEach(async () => {
  if (page) await unmount(page);
  page = undefined;
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function settle(ms = 10): Promise<void> {
  await vi.advanceTimersByTimeAsync(ms);
  flushSync();
}

async function show(): Promise<HTMLElement> {
  const target = document.createElement("div");
  document.body.replaceChildren(target);
  const onRefusal = ({ status }: { status: number }) => void refusals.push(status);
  page = mount(Cards, { target, props: { onRefusal, onVenue: () => undefined } });
  await settle();
  return target;
}

const text = (element: Element | null | undefined) => (element?.textContent ?? "").replace(/\s+/g, " ").trim();
const rows = (shown: HTMLElement) => [...shown.querySelectorAll("tbody tr")].map((row) => [...row.children].map(text));

test("each open payment says what, how much, how old, where and whose", async () => {
  const shown = await show();
  expect(rows(shown)).toEqual([
    ["Dos versiones distintas", "$49.990", "hace 2 días", "Caja 2", "Camila R.", "Rechazado"],
    ["Cobrado sin venta", "$8.980", "hace 3 h 25 min", "Caja 3", "Matías S.", "Aprobado"],
    ["No se sabe si se cobró", "$24.501", "hace 34 min", "Caja 4", "Ignacia T.", "En duda"],
    ["No se sabe si se devolvió", "$13.980", "hace 6 min", "Puerta", "nadie", "Devolución en duda"],
  ]);
  expect(text(shown.querySelector(".page-title .end"))).toBe("4 cobros · $97.451");
});

test("the oldest is told in full, and any other once it is chosen", async () => {
  const shown = await show();
  const facts = () => text(shown.querySelector("[data-testid=card-facts]"));
  expect(facts()).toContain("que se cobró");
  expect(facts()).toContain("Terminal sin comprobante");
  shown.querySelectorAll<HTMLButtonElement>("button.open")[2]!.click();
  await settle();
  expect(facts()).toContain("La venta se pagó de otra forma");
  expect(facts()).toContain("Se resuelve en Caja 4:");
});

test("what is settled at a till leaves the list by itself", async () => {
  const shown = await show();
  open = openCards.slice(0, 1);
  bell?.dispatchEvent(new Event("board"));
  await settle(1_000);
  expect(rows(shown)).toHaveLength(1);
  open = [];
  bell?.dispatchEvent(new Event("board"));
  await settle(1_000);
  expect(text(shown.querySelector("[data-testid=cards-none]"))).toContain("Ningún cobro por resolver");
});

test("a server that is away leaves the list as it was, and says so", async () => {
  const shown = await show();
  isAway = true;
  await settle(31_000);
  expect(rows(shown)).toHaveLength(4);
  expect(text(shown.querySelector("[role=status]"))).toContain("puede haber cambiado");
  expect(refusals).toContain(0);
});
