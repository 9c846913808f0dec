//! A tender's name for people.

import type { Words } from "../../lib/i18n/es";

/** One the console does not know yet keeps the server's word. */
export function tenderName(tender: string, words: Words): string {
  if (tender === "cash") return words.tenders.cash;
  if (tender === "card") return words.tenders.card;
  return tender;
}
