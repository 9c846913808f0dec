//! Rows of sales: their number for people, and which of them a search means.

import type { SaleRow } from "../../lib/api";
import type { Words } from "../../lib/i18n/es";
import { holds } from "../../lib/search";
import { tenderName } from "./tender";

/** Receipt numbers run per till, so the register's code belongs to them: `BMB 412`. */
export function saleNumber(sale: { register_code: string | null; receipt_no: number }): string {
  return `${sale.register_code ?? ""} ${String(sale.receipt_no)}`.trim();
}

export function matches(sale: SaleRow, sought: string, words: Words): boolean {
  const tenders = sale.tenders.map((tender) => tenderName(tender, words));
  return holds([saleNumber(sale), sale.lines, sale.operator, ...tenders], sought);
}

/** A fetched page and the live board overlap. */
export function withoutRepeats(sales: SaleRow[]): SaleRow[] {
  const seen = new Map<string, SaleRow>();
  for (const sale of sales) if (!seen.has(sale.sale_id)) seen.set(sale.sale_id, sale);
  return [...seen.values()].sort((a, b) => b.completed_at - a.completed_at || b.receipt_no - a.receipt_no);
}
