import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { board, categories, products } from "../../../tests/fixtures";
import type { Product } from "../../lib/api";
import { i18n } from "../../lib/i18n/index.svelte";
import Products from "./Products.svelte";

let saved: Partial<Product>[] = [];
let isAway = false;
let page: Record<string, unknown> | undefined;

beforeEach(() => {
  vi.useFakeTimers({ now: board.now });
  saved = [];
  isAway = false;
  i18n.speak("es");
  vi.stubGlobal("fetch", (path: string, init?: RequestInit) => {
    if (isAway) return Promise.reject(new TypeError("no network"));
    if (init?.method === "PUT") {
      const change = JSON.parse(String(init.body)) as Partial<Product>;
      saved.push(change);
      const before = products.find((product) => path.endsWith(product.product_id));
      return Promise.resolve(Response.json({ ...before, ...change }));
    }
    if (path.includes("/board")) return Promise.resolve(Response.json(board));
    const items = path.includes("/categories") ? categories : products;
    return Promise.resolve(Response.json({ items, next: null }));
  });
});

afterEach(async () => {
  if (page) await unmount(page);
  page = undefined;
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

async function settle(): Promise<void> {
  await vi.advanceTimersByTimeAsync(10);
  flushSync();
}

async function show(): Promise<HTMLElement> {
  const target = document.createElement("div");
  document.body.replaceChildren(target);
  page = mount(Products, { target, props: { onRefusal: () => undefined, onVenue: () => undefined } });
  await settle();
  return target;
}

async function write(field: HTMLInputElement, value: string): Promise<void> {
  field.value = value;
  field.dispatchEvent(new Event("input", { bubbles: true }));
  await settle();
}

async function openFirst(shown: HTMLElement): Promise<HTMLInputElement> {
  shown.querySelector<HTMLButtonElement>("button.open")!.click();
  await settle();
  return shown.querySelector<HTMLInputElement>("#price")!;
}

const status = (shown: HTMLElement) =>
  (shown.querySelector("form [role=status]")?.textContent ?? "").replace(/\s+/g, " ").trim();
const publish = (shown: HTMLElement) => shown.querySelector<HTMLButtonElement>("form button.primary")!;

test("the key says what changes, and only the price does", async () => {
  const shown = await show();
  const price = await openFirst(shown);
  expect(publish(shown).disabled).toBe(true);
  await write(price, "6290");
  expect(status(shown)).toBe("Sube de $ 5.990 a $ 6.290");
  publish(shown).click();
  await settle();
  const { product_id: _, number: __, ...rest } = products[0]!;
  expect(saved).toEqual([{ ...rest, price_minor: 6_290 }]);
  expect(status(shown)).toContain("Publicado a las 00:42.");
  expect(shown.querySelector("tbody .money")?.textContent?.trim()).toBe("$6.290");
});

test.each(["", "caro", "59,90"])("%j cannot be published", async (typed) => {
  const shown = await show();
  await write(await openFirst(shown), typed);
  expect(status(shown)).toBe("Escriba un precio, solo cifras.");
  expect(publish(shown).disabled).toBe(true);
});

test("a server that is away leaves the price as it was, and says so", async () => {
  const shown = await show();
  await write(await openFirst(shown), "4990");
  isAway = true;
  publish(shown).click();
  await settle();
  expect(status(shown)).toBe("El precio no cambió: el servidor no contesta. Reintente.");
  expect(shown.querySelector("tbody .money")?.textContent?.trim()).toBe("$5.990");
  expect(publish(shown).disabled).toBe(false);
});

test("names are found without their accents", async () => {
  const shown = await show();
  await write(shown.querySelector<HTMLInputElement>(".search input")!, "pisc ALTO");
  expect(shown.querySelectorAll("tbody tr")).toHaveLength(1);
});
