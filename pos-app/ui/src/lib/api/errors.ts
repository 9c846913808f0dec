/** A refusal in words a person can act on. */

import { errorsEn, permissionsEn } from "../i18n/errors.en";
import { errorsEs, permissionsEs } from "../i18n/errors.es";
import type { Facts } from "../i18n/errors";
import type { Language } from "../i18n/language";
import { listed } from "../i18n/list";
import { money } from "../money";
import { clock, nightDate } from "../time";
import type { CommandError, Currency, ErrorCode, Permission } from "./generated";

const WORDS: Record<Language, Record<ErrorCode, (facts: Facts) => string>> = { es: errorsEs, en: errorsEn };
const PERMISSIONS: Record<Language, Record<Permission, string>> = { es: permissionsEs, en: permissionsEn };

/** Where and in what money the words are said. */
export interface Where {
  language: Language;
  currency: Currency;
  zone: string | undefined;
}

/** What somebody may or may not do, in words. */
export function permissionName(permission: Permission, language: Language): string {
  return PERMISSIONS[language][permission];
}

/** The sentence for a refusal. */
export function wordsFor(error: CommandError, where: Where): string {
  const words = WORDS[where.language][error.code] ?? WORDS[where.language].internal;
  return words(factsOf(error, where));
}

function factsOf({ details }: CommandError, { language, currency, zone }: Where): Facts {
  const when = (key: string, say: (value: number) => string) => {
    const value = details[key];
    return typeof value === "number" ? say(value) : text(key);
  };
  const text = (key: string) => {
    const value = details[key];
    return typeof value === "string" || typeof value === "number" ? String(value) : "–";
  };
  const permission = details.permission as Permission | undefined;
  return {
    text,
    list: (key) => {
      const value = details[key];
      const names = Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
      return names.length === 0 ? "–" : listed(names, language);
    },
    number: (key) => Number(details[key] ?? 0),
    money: (key) => when(key, (minor) => money(minor, currency, language)),
    time: (key) => when(key, (at) => clock(at, zone)),
    date: (key) => nightDate(text(key)),
    permission: (permission && PERMISSIONS[language][permission]) ?? "–",
  };
}
