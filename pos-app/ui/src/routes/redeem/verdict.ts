/** How each verdict looks and speaks: bright means pour, dark means stop, stripes mean ask. */

import type { CommandError, ErrorCode, Verdict } from "../../lib/api/generated";
import type { Words } from "../../lib/i18n/index.svelte";
import type { Reading } from "../../lib/till-state.svelte";

/** The flood's colour, which is also its mark's shape. */
export type Flood = "ok" | "used" | "review" | "danger";

export interface Look {
  flood: Flood;
  /** One line, or two for long words. */
  word: readonly string[];
  /** The line under the word. */
  sub: string;
  /** What to do, the first part in bold. */
  say: readonly [string, string] | null;
  /** As the list of last tickets says it. */
  short: string;
}

const FLOODS: Record<Verdict, Flood> = {
  valid: "ok",
  partial: "ok",
  delivered: "used",
  expired: "used",
  other_night: "used",
};

/** A reading's look; nothing when it deserves no flood: an unknown product code, a paper just served. */
export function lookOf(reading: Reading, t: Words): Look | null {
  return reading.kind === "ticket" ? ofVerdict(reading.ticket.verdict, t) : ofRefusal(reading.error, t);
}

export function ofVerdict(verdict: Verdict, t: Words): Look {
  const subs: Record<Verdict, string> = {
    valid: "",
    partial: t.redeem.partial_say,
    delivered: t.redeem.delivered_sub,
    expired: t.redeem.expired_sub,
    other_night: t.redeem.other_night_sub,
  };
  const words = t.redeem.verdicts[verdict].split(" ");
  return { flood: FLOODS[verdict], word: words, sub: subs[verdict], say: null, short: t.redeem.short[verdict] };
}

export function ofRefusal({ code }: CommandError, t: Words): Look | null {
  const danger = (word: readonly string[], sub: string, say: readonly [string, string], short: string): Look => ({
    flood: "danger",
    word,
    sub,
    say,
    short,
  });
  const review = (sub: string, say: readonly [string, string]): Look => ({
    flood: "review",
    word: [t.redeem.review],
    sub,
    say,
    short: t.redeem.short.review,
  });
  const looks: Partial<Record<ErrorCode, Look>> = {
    ticket_signature_invalid: danger(
      t.redeem.bad_signature,
      t.redeem.signature_sub,
      t.redeem.signature_say,
      t.redeem.short.signature,
    ),
    ticket_other_tenant: danger(
      t.redeem.other_tenant,
      t.redeem.other_tenant_sub,
      t.redeem.other_tenant_say,
      t.redeem.short.other_tenant,
    ),
    ticket_unknown_device: danger(
      t.redeem.unknown_device,
      t.redeem.unknown_device_sub,
      t.redeem.unknown_device_say,
      t.redeem.short.signature,
    ),
    ticket_malformed: review(t.redeem.malformed_sub, t.redeem.malformed_say),
    ticket_unknown: review(t.redeem.unknown_sub, t.redeem.unknown_say),
    ticket_kind_not_served: review(t.redeem.other_kind_sub, t.redeem.other_kind_say),
  };
  return looks[code] ?? null;
}
