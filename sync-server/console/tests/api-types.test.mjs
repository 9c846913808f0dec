// @vitest-environment node
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import { apiTypes } from "./api-types.mjs";

test("the types are those of the server's document", async () => {
  expect(readFileSync("src/lib/api-types.ts", "utf8")).toBe(await apiTypes());
});
