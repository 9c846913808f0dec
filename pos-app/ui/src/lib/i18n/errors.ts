/** What the words for a refusal may mention. */

/** Facts of a refusal, already as people read them; an en dash where the core said nothing. */
export interface Facts {
  money(key: string): string;
  time(key: string): string;
  date(key: string): string;
  text(key: string): string;
  number(key: string): number;
  /** Several names, as one reads them out. */
  list(key: string): string;
  /** The thing a permission allows, `see_diagnostics`. */
  permission: string;
}
