import { expect, test } from "vitest";

import { readRoute, writeRoute, type Route } from "./route";

test.each<Route>([
  { page: "night", date: null, saleId: null },
  { page: "night", date: "2026-11-21", saleId: null },
  { page: "night", date: "2026-11-21", saleId: "0193a5c2" },
  { page: "night", date: null, saleId: "0193a5c2" },
  { page: "products" },
])("%j comes back from its address", (route) => {
  expect(readRoute(writeRoute(route))).toEqual(route);
});

test.each(["", "#", "#/", "#/elsewhere", "#/night/2026-13-45", "#/night/yesterday", "#/night/now/%E0%A4%A"])(
  "%j leads to tonight",
  (hash) => {
    expect(readRoute(hash)).toEqual({ page: "night", date: null, saleId: null });
  },
);
