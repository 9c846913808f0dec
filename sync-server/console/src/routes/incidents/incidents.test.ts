import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { board, incidents } from "../../../tests/fixtures";
import type { Incident } from "../../lib/api";
import { i18n } from "../../lib/i18n/index.svelte";
import Incidents from "./Incidents.svelte";

let told: Incident[] = incidents;
let isAway = false;
let bell: EventTarget | null = null;
let page: Record<string, unknown> | undefined;
let refusals: number[] = [];
/** Incidents to a part. */
let part = 50;

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
    if (path.includes("/board")) return Promise.resolve(Response.json(board));
    const from = Number(new URL(path, "http://here").searchParams.get("before") ?? 0);
    const next = from + part < told.length ? String(from + part) : null;
    return Promise.resolve(Response.json({ items: told.slice(from, from + part), next }));
  });
  told = incidents;
  isAway = false;
  refusals = [];
  part = 50;
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
  page = mount(Incidents, { target, props: { onRefusal, onVenue: () => undefined } });
  await settle();
  return target;
}

const text = (element: Element | null | undefined) => (element?.textContent ?? "").replace(/\s+/g, " ").trim();
const rows = (shown: HTMLElement) => [...shown.querySelectorAll("tbody tr")].map((row) => [...row.children].map(text));

test("each incident says what, which ticket, what was given, its cost, who and when", async () => {
  const shown = await show();
  expect(rows(shown)).toEqual([
    ["Usado y mostrado otra vez", "BTZ 11725-K", "–", "$0", "Camila R.", "00:38"],
    ["Entregado dos veces", "BTZ 11725-K", "1 × Piscola Alto 35", "$5.990", "Camila R., Matías S.", "00:25"],
    ["Anulado y entregado igual", "BMB 00412-C", "1 × Mojito", "$6.490", "nadie", "00:10"],
  ]);
  expect(text(shown.querySelector(".page-title .end"))).toBe("3 incidencias · $12.480");
});

test("the newest is told in full, and any other once it is chosen", async () => {
  const shown = await show();
  const facts = () => text(shown.querySelector("[data-testid=incident-facts]"));
  expect(facts()).toContain("Mostrado 3 veces");
  shown.querySelectorAll<HTMLButtonElement>("button.open")[1]!.click();
  await settle();
  const hands = [...shown.querySelectorAll("[data-testid=hand-over]")].map(text);
  expect(hands).toHaveLength(2);
  expect(hands[0]).toContain("Camila R. Caja 2, Barra Norte");
  expect(hands[0]).toContain("2 × Piscola Alto 35");
  expect(hands[0]).toContain("El servidor dijo que sí");
  expect(hands[1]).toContain("1 de más");
  expect(hands[1]).toContain("Sin poder preguntar");
  shown.querySelectorAll<HTMLButtonElement>("button.open")[2]!.click();
  await settle();
  expect(text(shown.querySelector("[data-testid=incident-void]"))).toContain("Se equivocó de trago");
});

test("older ones come when they are asked for, and stay when the list is fetched again", async () => {
  part = 2;
  const shown = await show();
  expect(rows(shown)).toHaveLength(2);
  shown.querySelector<HTMLButtonElement>("button.more")!.click();
  await settle(1_000);
  expect(rows(shown)).toHaveLength(3);
  expect(shown.querySelector("button.more")).toBeNull();
  bell?.dispatchEvent(new Event("board"));
  await settle(1_000);
  expect(rows(shown)).toHaveLength(3);
});

test("what is taken back leaves the list by itself", async () => {
  const shown = await show();
  told = [];
  bell?.dispatchEvent(new Event("board"));
  await settle(1_000);
  expect(text(shown.querySelector("[data-testid=incidents-none]"))).toContain("Ninguna incidencia");
});

test("a server that is away leaves the list as it was, and says so", async () => {
  const shown = await show();
  isAway = true;
  await settle(31_000);
  expect(rows(shown)).toHaveLength(3);
  expect(text(shown.querySelector("[role=status]"))).toContain("puede haber cambiado");
  expect(refusals).toContain(0);
});
