/** Times of day and dates as people read them, in the venue's zone. */

import type { BusinessDate, Timestamp } from "./api/generated";
import type { Language } from "./i18n/language";

/** `23:52`. */
export function clock(at: Timestamp, zone: string | undefined): string {
  return formatter(zone, false).format(at);
}

/** `23:52:04`, for evidence. */
export function clockWithSeconds(at: Timestamp, zone: string | undefined): string {
  return formatter(zone, true).format(at);
}

/** A night by its business date: `21-11-2026`. */
export function nightDate(date: BusinessDate): string {
  const [year, month, day] = date.split("-");
  return day === undefined ? date : `${day}-${month}-${year}`;
}

/** A night as the status bar names it: `sábado 21 nov`. */
export function nightName(date: BusinessDate, language: Language): string {
  const [year, month, day] = date.split("-").map(Number);
  if (year === undefined || month === undefined || day === undefined) return date;
  const noon = Date.UTC(year, month - 1, day, 12);
  const tag = language === "es" ? "es-CL" : "en-GB";
  const part = (options: Intl.DateTimeFormatOptions) =>
    new Intl.DateTimeFormat(tag, { timeZone: "UTC", ...options }).format(noon);
  return `${part({ weekday: "long" })} ${day} ${part({ month: "short" }).replace(".", "")}`;
}

/** Whole minutes between two times, never negative. */
export function minutesBetween(from: Timestamp, to: Timestamp): number {
  return Math.max(0, Math.floor((to - from) / 60_000));
}

const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string | undefined, seconds: boolean): Intl.DateTimeFormat {
  const key = `${zone ?? ""}/${seconds}`;
  const known = formatters.get(key);
  if (known) return known;
  const made = new Intl.DateTimeFormat("en-GB", {
    hour: "2-digit",
    minute: "2-digit",
    second: seconds ? "2-digit" : undefined,
    hourCycle: "h23",
    timeZone: zone,
  });
  formatters.set(key, made);
  return made;
}
