/** Money and quantities as people read them. Formats integers; never computes one. */

import type { Currency } from "./api/generated";
import type { Language } from "./i18n/language";

/** U+202F, so that sign and figure never part. */
const THIN = "\u202f";
/** U+2212, as wide as a figure; the hyphen is not. */
const MINUS = "\u2212";

const CURRENCIES: Record<Currency, { sign: string; decimals: number }> = {
  CLP: { sign: "$", decimals: 0 },
  COP: { sign: "$", decimals: 2 },
  CZK: { sign: "Kč", decimals: 2 },
  EUR: { sign: "€", decimals: 2 },
  ILS: { sign: "₪", decimals: 2 },
};

const MARKS: Record<Language, { group: string; decimal: string; gap: string }> = {
  es: { group: ".", decimal: ",", gap: THIN },
  en: { group: ",", decimal: ".", gap: "" },
};

/** An amount in pieces, so that a screen can set the currency sign smaller. */
export interface MoneyParts {
  minus: string;
  sign: string;
  gap: string;
  figure: string;
}

/** Splits an amount of minor units into what is drawn. */
export function moneyParts(minor: number, currency: Currency, language: Language): MoneyParts {
  const { sign, decimals } = CURRENCIES[currency];
  const digits = String(Math.abs(minor)).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals);
  const rest = digits.slice(digits.length - decimals);
  const marks = MARKS[language];
  const figure = grouped(whole, marks.group) + (decimals > 0 ? marks.decimal + rest : "");
  return { minus: minor < 0 ? MINUS : "", sign, gap: marks.gap, figure };
}

/** An amount in one piece, for sentences. */
export function money(minor: number, currency: Currency, language: Language): string {
  const { minus, sign, gap, figure } = moneyParts(minor, currency, language);
  return `${minus}${sign}${gap}${figure}`;
}

/** What is printed on a note or coin: no currency, no empty decimals. */
export function faceValue(minor: number, currency: Currency, language: Language): string {
  const { figure } = moneyParts(minor, currency, language);
  const { decimals } = CURRENCIES[currency];
  const empty = MARKS[language].decimal + "0".repeat(decimals);
  return decimals > 0 && figure.endsWith(empty) ? figure.slice(0, -empty.length) : figure;
}

/** Thousandths as people say them: `2`, `0,75`. */
export function quantity(milli: number, language: Language): string {
  const digits = String(Math.abs(milli)).padStart(4, "0");
  const rest = digits.slice(-3).replace(/0+$/, "");
  const whole = grouped(digits.slice(0, -3), MARKS[language].group);
  return (milli < 0 ? MINUS : "") + whole + (rest ? MARKS[language].decimal + rest : "");
}

/** A plain number with its thousands marked. */
export function count(value: number, language: Language): string {
  return grouped(String(value), MARKS[language].group);
}

function grouped(digits: string, mark: string): string {
  return digits.replace(/\B(?=(\d{3})+$)/g, mark);
}
