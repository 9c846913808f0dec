/** Names read out one after another: "Barra Sur, Caja 2 y VIP". */

import type { Language } from "./language";

const FORMATS: Record<Language, Intl.ListFormat> = {
  es: new Intl.ListFormat("es-CL", { type: "conjunction" }),
  en: new Intl.ListFormat("en", { type: "conjunction" }),
};

/** Names past these are counted, not read. */
const MOST = 4;

export function listed(names: readonly string[], language: Language): string {
  const shown = names.length > MOST ? [...names.slice(0, MOST - 1), `+${names.length - MOST + 1}`] : names;
  return FORMATS[language].format(shown);
}
