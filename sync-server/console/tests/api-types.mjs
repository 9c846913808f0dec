// Turns the server's OpenAPI document, as its own test keeps it, into the console's types. `npm run types` writes them.

import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import openapi, { astToString } from "openapi-typescript";

const DOCUMENT = new URL("../../tests/snapshots/openapi.snap", import.meta.url);
const TYPES = new URL("../src/lib/api-types.ts", import.meta.url);
const HEAD = "// Generated from the server's OpenAPI document by `npm run types`. Do not edit: a test compares it.\n\n";

/** @returns {Promise<string>} */
export async function apiTypes() {
  // The snapshot's own head stands above the document, between two lines of dashes.
  const document = JSON.parse(readFileSync(DOCUMENT, "utf8").split("\n---\n")[1] ?? "");
  Object.values(document.components.schemas).forEach(requireAll);
  return HEAD + astToString(await openapi(document));
}

/** The server always says every field; what it does not know is null. */
function requireAll(schema) {
  if (schema?.properties) {
    schema.required = Object.keys(schema.properties);
    Object.values(schema.properties).forEach(requireAll);
  }
  if (schema?.items) requireAll(schema.items);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeFileSync(TYPES, await apiTypes());
