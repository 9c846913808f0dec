//! Counted words. `#` stands for the number.

const RULES = { es: new Intl.PluralRules("es"), en: new Intl.PluralRules("en") };
const FIGURES = { es: new Intl.NumberFormat("es-CL"), en: new Intl.NumberFormat("en") };

export function plural(lang: "es" | "en", count: number, words: { one: string; other: string }): string {
  const word = RULES[lang].select(count) === "one" ? words.one : words.other;
  return word.replace("#", FIGURES[lang].format(count));
}
