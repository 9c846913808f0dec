/** A card payment's past, as far as this window saw it. */

import type { CardPaymentView, Timestamp } from "./api/generated";

/** When it passed each step. */
export interface CardTrace {
  sent_at: Timestamp | null;
  read_at: Timestamp | null;
  pin_at: Timestamp | null;
  bank_at: Timestamp | null;
  uncertain_at: Timestamp | null;
  voiding_at: Timestamp | null;
  /** Come back to later: the person may choose at once. */
  is_revisited: boolean;
}

export const NO_TRACE: CardTrace = {
  sent_at: null,
  read_at: null,
  pin_at: null,
  bank_at: null,
  uncertain_at: null,
  voiding_at: null,
  is_revisited: false,
};

/** Where a payment has been, after one more look at it. */
export function traced(trace: CardTrace, { payment }: CardPaymentView, now: Timestamp): CardTrace {
  if (payment.state === "uncertain") return { ...trace, uncertain_at: trace.uncertain_at ?? now };
  if (payment.state === "voiding") return { ...trace, voiding_at: trace.voiding_at ?? now };
  if (payment.state !== "in_progress") return trace;
  const seen = { ...trace, sent_at: trace.sent_at ?? now };
  switch (payment.progress) {
    case "confirm_amount":
    case "choose":
      return { ...seen, read_at: seen.read_at ?? now };
    case "enter_pin":
      return { ...seen, read_at: seen.read_at ?? now, pin_at: seen.pin_at ?? now };
    case "contacting_bank":
      return { ...seen, read_at: seen.read_at ?? now, bank_at: seen.bank_at ?? now };
    default:
      return seen;
  }
}
