/** What a scan at the bar means, before any word: its colour, its shape and its sound all follow from this. */

import type { ErrorCode, TicketView, Verdict } from "./api/generated";
import type { Reading } from "./till-state.svelte";

/** Bright means pour, dark means stop, stripes mean ask. */
export type Flood = "ok" | "used" | "review" | "danger";

const VERDICTS: Record<Verdict, Flood> = {
  valid: "ok",
  partial: "ok",
  delivered: "used",
  void: "used",
  expired: "used",
  other_night: "used",
};

const REFUSALS: Partial<Record<ErrorCode, Flood>> = {
  ticket_signature_invalid: "danger",
  ticket_other_tenant: "danger",
  ticket_unknown_device: "danger",
  ticket_void: "used",
  ticket_in_review: "review",
  ticket_unheard: "review",
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

/** Something is owed, and nobody can be asked whether another bar gave it: the venue says whether to wait. */
export function isHeldBack(ticket: TicketView): boolean {
  return floodOfVerdict(ticket.verdict) === "ok" && ticket.blind !== null && !ticket.blind.is_allowed;
}

export function floodOf(reading: Reading): Flood | null {
  if (reading.kind !== "ticket") return floodOfRefusal(reading.error.code);
  return isHeldBack(reading.ticket) ? "review" : floodOfVerdict(reading.ticket.verdict);
}
