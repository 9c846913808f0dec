//! Times and dates as people read them, in the venue's zone. A business date is a text, `2026-11-21`, and stays one.

import type { Lang } from "./i18n/index.svelte";

const FALLBACK_ZONE = "America/Santiago";
const LOCALE: Record<Lang, string> = { es: "es-CL", en: "en-GB" };

const clocks = new Map<string, Intl.DateTimeFormat>();

function clock(zone: string, withSeconds: boolean): Intl.DateTimeFormat {
  const key = `${zone} ${String(withSeconds)}`;
  const known = clocks.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone,
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...(withSeconds ? { second: "2-digit" } : {}),
  });
  clocks.set(key, made);
  return made;
}

/** `23:52`. */
export function formatTime(ms: number, zone: string | undefined): string {
  return clock(zone ?? FALLBACK_ZONE, false).format(ms);
}

/** `23:52:04`, for evidence. */
export function formatSeconds(ms: number, zone: string | undefined): string {
  return clock(zone ?? FALLBACK_ZONE, true).format(ms);
}

/** `21-11-2026`, of an instant. */
export function formatDay(ms: number, zone: string | undefined): string {
  const parts = new Intl.DateTimeFormat("en-GB", {
    timeZone: zone ?? FALLBACK_ZONE,
    day: "2-digit",
    month: "2-digit",
    year: "numeric",
  });
  return parts.format(ms).replaceAll("/", "-");
}

/** `21-11-2026`, of a business date. */
export function formatDate(date: string): string {
  return date.split("-").reverse().join("-");
}

/** The weekday of a business date, `sábado`. */
export function weekday(date: string, lang: Lang): string {
  return new Intl.DateTimeFormat(LOCALE[lang], { timeZone: "UTC", weekday: "long" }).format(Date.parse(date));
}

/** The business date `days` later, or earlier. */
export function shiftDate(date: string, days: number): string {
  return new Date(Date.parse(date) + days * 86_400_000).toISOString().slice(0, 10);
}

/** Whole minutes from one instant to a later one, never negative. */
export function minutesBetween(from: number, to: number): number {
  return Math.max(0, Math.floor((to - from) / 60_000));
}
