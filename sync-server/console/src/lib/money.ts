//! Money as people read it. Formats and reads amounts, never adds them: sums come from the server.

import type { components } from "./api-types";
import type { Lang } from "./i18n/index.svelte";

export type Currency = components["schemas"]["Currency"];

/** How many decimals the minor unit stands for (ISO 4217). */
const EXPONENT: Record<Currency, number> = { CLP: 0, COP: 2, CZK: 2, EUR: 2, ILS: 2 };
const SIGN: Record<Currency, string> = { CLP: "$", COP: "$", CZK: "Kč", EUR: "€", ILS: "₪" };

const MINUS = "\u2212";
const NARROW_SPACE = "\u202f";

/** An amount in the pieces that are drawn at different weights. */
export interface MoneyParts {
  minus: string;
  sign: string;
  figure: string;
}

function separators(lang: Lang): { group: string; decimal: string } {
  return lang === "es" ? { group: ".", decimal: "," } : { group: ",", decimal: "." };
}

function grouped(digits: string, group: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, group);
}

/** `minor` counts the currency's minor unit. A whole amount in pesos shows no decimals. */
export function moneyParts(minor: number, currency: Currency, lang: Lang): MoneyParts {
  const { group, decimal } = separators(lang);
  const exponent = EXPONENT[currency];
  const digits = String(Math.abs(minor)).padStart(exponent + 1, "0");
  const whole = grouped(digits.slice(0, digits.length - exponent), group);
  const cents = digits.slice(digits.length - exponent);
  const showsCents = exponent > 0 && !(currency === "COP" && cents === "00");
  return {
    minus: minor < 0 ? MINUS : "",
    sign: SIGN[currency],
    figure: showsCents ? `${whole}${decimal}${cents}` : whole,
  };
}

/** In one piece, for titles and text alternatives: `$ 12.990`, `−$ 449`; in English `$12,990`. */
export function formatMoney(minor: number, currency: Currency, lang: Lang): string {
  const { minus, sign, figure } = moneyParts(minor, currency, lang);
  return `${minus}${sign}${lang === "es" ? NARROW_SPACE : ""}${figure}`;
}

/** As it stands in a field, without sign or groups: `5990`, `12,50`. */
export function editableMoney(minor: number, currency: Currency, lang: Lang): string {
  const { figure } = moneyParts(minor, currency, lang);
  return figure.replaceAll(separators(lang).group, "");
}

/** What a person typed, or `null` when it is no amount of this currency. Groups and the sign are forgiven. */
export function readMoney(text: string, currency: Currency, lang: Lang): number | null {
  const { group, decimal } = separators(lang);
  const bare = text.replaceAll(SIGN[currency], "").replaceAll(group, "").replace(/\s/g, "");
  const [whole = "", cents = "", ...rest] = bare.split(decimal);
  const exponent = EXPONENT[currency];
  const isAmount = rest.length === 0 && /^\d{1,12}$/.test(whole) && /^\d*$/.test(cents) && cents.length <= exponent;
  return isAmount ? Number(whole + cents.padEnd(exponent, "0")) : null;
}

/** A plain count: `1.284`. */
export function formatCount(count: number, lang: Lang): string {
  return grouped(String(count), separators(lang).group);
}

/** Thousandths as sold: `2`, `0,75`. */
export function formatQuantity(milli: number, lang: Lang): string {
  const digits = String(Math.abs(milli)).padStart(4, "0");
  const part = digits.slice(-3).replace(/0+$/, "");
  const whole = grouped(digits.slice(0, -3), separators(lang).group);
  return `${milli < 0 ? MINUS : ""}${whole}${part ? separators(lang).decimal + part : ""}`;
}

/** Basis points as a percentage: `19 %`, `10,5 %`. */
export function formatRate(basisPoints: number, lang: Lang): string {
  const digits = String(basisPoints).padStart(3, "0");
  const part = digits.slice(-2).replace(/0+$/, "");
  const space = lang === "es" ? "\u00a0" : "";
  return `${digits.slice(0, -2)}${part ? separators(lang).decimal + part : ""}${space}%`;
}
