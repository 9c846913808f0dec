import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

import { errorsEn } from "../i18n/errors.en";
import { errorsEs } from "../i18n/errors.es";
import { asCommandError } from "./commands";
import { wordsFor, type Where } from "./errors";
import type { ErrorCode } from "./generated";

const ES: Where = { language: "es", currency: "CLP", zone: "America/Santiago" };
const AT = Date.UTC(2026, 10, 22, 2, 52, 4);

/** Every code the core may answer, read from the generated types themselves. */
const source = readFileSync("src/lib/api/generated.ts", "utf8");
const CODES = [...(source.match(/export type ErrorCode = (.*);/)?.[1] ?? "").matchAll(/"([a-z_]+)"/g)].map(
  (one) => one[1] as ErrorCode,
);

describe("words for refusals", () => {
  it("exist for every code of the core, in both languages", () => {
    expect(CODES.length).toBeGreaterThan(40);
    expect(Object.keys(errorsEs).sort()).toEqual([...CODES].sort());
    expect(Object.keys(errorsEn).sort()).toEqual([...CODES].sort());
  });

  it.each(CODES)("%s is calm, short and complete even without details", (code) => {
    for (const language of ["es", "en"] as const) {
      const words = wordsFor({ code, message: "", details: {} }, { ...ES, language });
      expect(words.length).toBeLessThanOrEqual(110);
      expect(words).toMatch(/[.]$/);
      expect(words).not.toMatch(/!|undefined|NaN|\berror\b|por favor|please/i);
    }
  });

  it("mention the facts the core sent, as people read them", () => {
    const say = (code: ErrorCode, details: Record<string, unknown>) => wordsFor({ code, message: "", details }, ES);
    expect(say("tender_short", { missing_minor: 4_501 })).toBe("Faltan $\u202f4.501.");
    expect(say("pin_locked", { until: AT })).toContain("23:52");
    expect(say("pin_wrong", { tries_left: 1 })).toBe("PIN incorrecto. Queda 1 intento.");
    expect(say("permission_denied", { permission: "open_drawer" })).toContain("Abrir el cajón");
    expect(say("ticket_delivered", { staff: "Matías S.", device: "Barra Sur", redeemed_at: AT })).toBe(
      "No entregue. Matías S. lo entregó a las 23:52 en Barra Sur.",
    );
  });

  it("never start without the money when a card is in doubt", () => {
    expect(wordsFor({ code: "card_uncertain", message: "", details: {} }, ES)).toMatch(/^No vuelva a cobrar/);
  });
});

describe("a rejection", () => {
  it("always has a code, even when the window's bridge broke", () => {
    expect(asCommandError("the bridge is gone")).toEqual({
      code: "internal",
      message: "the bridge is gone",
      details: {},
    });
    expect(asCommandError({ code: "sale_empty", message: "empty", details: { a: 1 } }).details).toEqual({ a: 1 });
  });
});
