/** What a scan at the bar means, before any word: its colour, its shape and its sound all follow from this. */

import type { ErrorCode, Verdict } from "./api/generated";
import type { Reading } from "./till-state.svelte";

/** Bright means pour, dark means stop, stripes mean ask. */
export type Flood = "ok" | "used" | "review" | "danger";

const VERDICTS: Record<Verdict, Flood> = {
  valid: "ok",
  partial: "ok",
  delivered: "used",
  expired: "used",
  other_night: "used",
};

const REFUSALS: Partial<Record<ErrorCode, Flood>> = {
  ticket_signature_invalid: "danger",
  ticket_other_tenant: "danger",
  ticket_unknown_device: "danger",
  ticket_malformed: "review",
  ticket_unknown: "review",
  ticket_kind_not_served: "review",
};

export function floodOfVerdict(verdict: Verdict): Flood {
  return VERDICTS[verdict];
}

/** Nothing for a refusal that says nothing about a ticket, such as an unknown product code. */
export function floodOfRefusal(code: ErrorCode): Flood | null {
  return REFUSALS[code] ?? null;
}

export function floodOf(reading: Reading): Flood | null {
  return reading.kind === "ticket" ? floodOfVerdict(reading.ticket.verdict) : floodOfRefusal(reading.error.code);
}
