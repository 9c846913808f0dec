import { expect, test } from "vitest";

import { en } from "./en";
import { es } from "./es";

/** Every word with its path. A sentence with places is called with numbers, which fit all of them. */
function sentences(words: object, path = ""): [string, string][] {
  return Object.entries(words).flatMap(([key, word]: [string, unknown]): [string, string][] => {
    const here = `${path}${key}`;
    if (typeof word === "string") return [[here, word]];
    if (typeof word === "function") return [[here, String((word as (...places: number[]) => unknown)(2, 3, 4))]];
    return sentences(word as object, `${here}.`);
  });
}

test("both languages say the same things", () => {
  expect(sentences(en).map(([path]) => path)).toEqual(sentences(es).map(([path]) => path));
});

test.each([...sentences(es), ...sentences(en)])("%s reads as the house speaks", (_, sentence) => {
  expect(sentence).not.toBe("");
  expect(sentence).not.toMatch(/[¡!]|\berror\b|por favor|please|undefined|NaN|#/i);
});

test("counted words agree with their number", () => {
  expect(es.tenders.payments(1)).toBe("1 pago");
  expect(es.tenders.payments(388)).toBe("388 pagos");
  expect(en.tenders.payments(1)).toBe("1 payment");
  expect(es.flags.silentMore(1)).toBe("1 registro por enviar, sigue vendiendo");
});
