//! Which language the reader wants, remembered on this machine.

import { en } from "./en";
import { es, type Words } from "./es";

export type Lang = "es" | "en";

const KEY = "barra.lang";
const WORDS: Record<Lang, Words> = { es, en };

/** Spanish unless the reader, or the machine, says English. */
function firstLang(): Lang {
  let remembered: string | null = null;
  try {
    remembered = localStorage.getItem(KEY);
  } catch {
    // A browser that forbids storage still shows a console.
  }
  if (remembered === "es" || remembered === "en") return remembered;
  return navigator.language.startsWith("en") ? "en" : "es";
}

class I18n {
  lang = $state<Lang>(firstLang());
  words = $derived(WORDS[this.lang]);

  speak(lang: Lang): void {
    this.lang = lang;
    document.documentElement.lang = WORDS[lang].locale;
    try {
      localStorage.setItem(KEY, lang);
    } catch {
      // Said for this visit only.
    }
  }
}

export const i18n = new I18n();
