/** The plural forms a language may ask for; `other` always answers. */
export type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { other: string };

/** Picks by the language's own rules. */
export function plurals(locale: string): (n: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(locale);
  return (n, forms) => forms[rules.select(n)] ?? forms.other;
}

/** A text set in two lines. */
export const two = (first: string, second: string): readonly [string, string] => [first, second];

/** The five steps of a card payment. */
export const five = (a: string, b: string, c: string, d: string, e: string): readonly string[] => [a, b, c, d, e];
