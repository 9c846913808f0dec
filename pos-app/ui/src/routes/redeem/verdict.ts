/** How each verdict looks and speaks: bright means pour, dark means stop, stripes mean ask. */

import type { CommandError, ErrorCode, Verdict } from "../../lib/api/generated";
import { floodOfRefusal, floodOfVerdict, isHeldBack, type Flood } from "../../lib/flood";
import type { Words } from "../../lib/i18n/index.svelte";
import type { Reading } from "../../lib/till-state.svelte";

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

/** A reading's look; nothing when it deserves no flood: an unknown product code, a paper just served. */
export function lookOf(reading: Reading, t: Words): Look | null {
  if (reading.kind !== "ticket") return ofRefusal(reading.error, t);
  return isHeldBack(reading.ticket) ? heldBack(t) : ofVerdict(reading.ticket.verdict, t);
}

export function ofVerdict(verdict: Verdict, t: Words): Look {
  const subs: Record<Verdict, string> = {
    valid: "",
    partial: t.redeem.partial_say,
    delivered: t.redeem.delivered_sub,
    void: t.redeem.void_sub,
    expired: t.redeem.expired_sub,
    other_night: t.redeem.other_night_sub,
  };
  const words = t.redeem.verdicts[verdict].split(" ");
  return { flood: floodOfVerdict(verdict), word: words, sub: subs[verdict], say: null, short: t.redeem.short[verdict] };
}

export function ofRefusal({ code }: CommandError, t: Words): Look | null {
  const flood = floodOfRefusal(code);
  const said = REFUSED[code]?.(t);
  return flood === null || said === undefined ? null : { flood, ...said };
}

function heldBack({ redeem: r }: Words): Look {
  return { flood: "review", word: r.unheard, sub: "", say: null, short: r.short.unheard };
}

type Said = Omit<Look, "flood">;

const REFUSED: Partial<Record<ErrorCode, (t: Words) => Said>> = {
  ticket_signature_invalid: ({ redeem: r }) => ({
    word: r.bad_signature,
    sub: r.signature_sub,
    say: r.signature_say,
    short: r.short.signature,
  }),
  ticket_other_tenant: ({ redeem: r }) => ({
    word: r.other_tenant,
    sub: r.other_tenant_sub,
    say: r.other_tenant_say,
    short: r.short.other_tenant,
  }),
  ticket_unknown_device: ({ redeem: r }) => ({
    word: r.unknown_device,
    sub: r.unknown_device_sub,
    say: r.unknown_device_say,
    short: r.short.unknown_device,
  }),
  ticket_void: ({ redeem: r }) => ({ word: [r.verdicts.void], sub: r.void_sub, say: null, short: r.short.void }),
  ticket_in_review: ({ redeem: r }) => ({
    word: r.in_review,
    sub: r.in_review_sub,
    say: r.in_review_say,
    short: r.short.in_review,
  }),
  ticket_unheard: ({ redeem: r }) => ({
    word: r.unheard,
    sub: r.unheard_sub,
    say: r.unheard_say,
    short: r.short.unheard,
  }),
  ticket_malformed: ({ redeem: r }) => asking(r, r.malformed_sub, r.malformed_say, r.short.malformed),
  ticket_unknown: ({ redeem: r }) => asking(r, r.unknown_sub, r.unknown_say, r.short.unknown),
  ticket_kind_not_served: ({ redeem: r }) => asking(r, r.other_kind_sub, r.other_kind_say, r.short.other_kind),
};

function asking(r: Words["redeem"], sub: string, say: readonly [string, string], short: string): Said {
  return { word: [r.review], sub, say, short };
}

/** A code as people read it out: what was typed, or stands under a QR. */
const READABLE = /^[A-Z]{3} ?\d{5}-?[A-Z]$/i;

/** What a row of the last papers is called. What a scanner sent is no name for anything, and may be anything. */
export function nameOf(reading: Reading, { redeem: { names } }: Words): string {
  if (reading.kind === "ticket") return reading.ticket.display_code ?? names.ticket;
  const { error, code } = reading;
  if (error.code.startsWith("badge_")) {
    const { staff } = error.details;
    return typeof staff === "string" ? `${names.badge}: ${staff}` : names.badge;
  }
  if (READABLE.test(code)) return code.toUpperCase();
  return error.code.startsWith("ticket_") ? names.ticket : names.code;
}

/** Why it was refused, in a few words. */
export function refusedShort(reading: Extract<Reading, { kind: "refused" }>, t: Words): string {
  const { code } = reading.error;
  if (code === "badge_here") return t.redeem.short.badge;
  if (code.startsWith("badge_")) return t.redeem.short.not_a_badge;
  return lookOf(reading, t)?.short ?? t.redeem.short.no_ticket;
}
