import { expect, test } from "vitest";

import { readRoute, TONIGHT, writeRoute, type Route } from "./route";

test.each<Route>([
  TONIGHT,
  { ...TONIGHT, date: "2026-11-21" },
  { ...TONIGHT, date: "2026-11-21", saleId: "0193a5c2" },
  { ...TONIGHT, saleId: "0193a5c2" },
  { ...TONIGHT, venueId: "0193-beef" },
  { ...TONIGHT, date: "2026-11-21", venueId: "0193-beef", saleId: "0193a5c2" },
  { page: "products" },
  { page: "cards" },
  { page: "incidents" },
])("%j comes back from its address", (route) => {
  expect(readRoute(writeRoute(route))).toEqual(route);
});

test.each(["", "#", "#/", "#/elsewhere", "#/night/2026-13-45", "#/night/yesterday", "#/night/now/%E0%A4%A", "#/night?venue=a%2Fb"])(
  "%j leads to tonight",
  (hash) => {
    expect(readRoute(hash)).toEqual(TONIGHT);
  },
);
