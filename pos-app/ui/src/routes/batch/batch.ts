/** The lines of a terminal's batch in the order a person reads them: what differs first. */

import type { BatchLine, BatchVerdict } from "../../lib/api/generated";

const ORDER: readonly BatchVerdict[] = ["in_doubt", "differs", "only_there", "only_here", "agrees"];

/** What differs first; inside a verdict as the core told them. */
export function worstFirst(lines: readonly BatchLine[]): BatchLine[] {
  return ORDER.flatMap((verdict) => lines.filter((line) => line.verdict === verdict));
}

/** How many somebody has to look at. */
export function differing(lines: readonly BatchLine[]): number {
  return lines.filter((line) => line.verdict !== "agrees").length;
}
