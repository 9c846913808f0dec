/** A count under way: what was typed, field by field, and what the core says it comes to. */

import type { CashCount, CashSumView } from "../api/generated";
import type { Till } from "../till.svelte";

const NOTHING: CashSumView = { rows: [], pieces: 0, total_minor: 0 };
const LONGEST = 5;

export class Count {
  /** An empty field is not a zero yet. */
  entries = $state<Record<number, string>>({});
  /** The field under the hand. */
  at = $state(0);
  sum = $state<CashSumView>(NOTHING);

  constructor(private readonly till: Till) {}

  digit(denomination: number | undefined, digit: string): void {
    if (denomination === undefined) return;
    const text = ((this.entries[denomination] ?? "") + digit).replace(/^0+(?=\d)/, "");
    if (text.length <= LONGEST) this.write(denomination, text);
  }

  erase(denomination: number | undefined): void {
    if (denomination !== undefined) this.write(denomination, (this.entries[denomination] ?? "").slice(0, -1));
  }

  clear(denomination: number | undefined): void {
    if (denomination !== undefined) this.write(denomination, "");
  }

  /** As the core takes it: only what was counted. */
  counted(): CashCount {
    return Object.entries(this.entries)
      .map(([denomination, text]) => ({ denomination_minor: Number(denomination), count: Number(text) }))
      .filter((one) => one.count > 0)
      .sort((a, b) => b.denomination_minor - a.denomination_minor);
  }

  /** What the pieces of one denomination come to, once the core has said so. */
  totalOf(denomination: number): number | null {
    return this.sum.rows.find((row) => row.denomination_minor === denomination)?.total_minor ?? null;
  }

  private write(denomination: number, text: string): void {
    this.entries[denomination] = text;
    void this.till.preview("register.add_up", { counted: this.counted() }, (sum) => (this.sum = sum));
  }
}
