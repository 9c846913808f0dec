/** The languages the till speaks. */
export type Language = "es" | "en";

/** BCP 47 tags, for `Intl` and the page. */
export const LOCALES: Record<Language, string> = { es: "es-CL", en: "en" };
