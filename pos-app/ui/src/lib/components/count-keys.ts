/** The keys of a count: digits fill a field, Tab and Enter walk on, Enter on the last one finishes. */

import type { Action } from "../keyboard";

/** What a count form lets its keys do. */
interface Fields {
  at: number;
  digit(denomination: number | undefined, digit: string): void;
  erase(denomination: number | undefined): void;
  clear(denomination: number | undefined): void;
}

export function countKeys(
  action: Action,
  count: Fields,
  denominations: readonly number[],
  { finish, isLast }: { finish: () => void; isLast: boolean },
): boolean {
  const field = denominations[count.at];
  const walk = (step: number) => (count.at = Math.max(0, Math.min(denominations.length - 1, count.at + step)));
  switch (action.kind) {
    case "digit":
      count.digit(field, action.digit);
      return true;
    case "erase":
      count.erase(field);
      return true;
    case "remove":
      count.clear(field);
      return true;
    case "tab":
      walk(action.back ? -1 : 1);
      return true;
    case "confirm":
      if (isLast) finish();
      else walk(1);
      return true;
    case "move":
      walk(action.to === "up" || action.to === "left" ? -1 : 1);
      return true;
    default:
      return false;
  }
}
