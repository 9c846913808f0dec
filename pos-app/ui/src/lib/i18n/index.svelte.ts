/** The words on screen, in the language this till speaks. */

import { en } from "./en";
import { es, type Words } from "./es";
import { LOCALES, type Language } from "./language";

export type { Language, Words };

const CATALOGUES: Record<Language, Words> = { es, en };
const REMEMBERED = "barra.language";

class I18n {
  language = $state<Language>(remembered());

  /** Every word, by room. */
  get t(): Words {
    return CATALOGUES[this.language];
  }

  use(language: Language): void {
    this.language = language;
    document.documentElement.lang = LOCALES[language];
    try {
      localStorage.setItem(REMEMBERED, language);
    } catch {
      // A window without storage forgets at the next start.
    }
  }
}

function remembered(): Language {
  try {
    return localStorage.getItem(REMEMBERED) === "en" ? "en" : "es";
  } catch {
    return "es";
  }
}

export const i18n = new I18n();
