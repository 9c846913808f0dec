//! What the board does not know: which tills may have sold more than the server has heard.

import type { Board, BoardTill } from "../../lib/api";

/**
 * A silent till with a session of that night open, or with events left to send, may have sold more in it. One that
 * closed and sent everything owes nothing, and neither does one never seen or withdrawn.
 */
export function mayLack(till: BoardTill, businessDate: string): boolean {
  if (till.state !== "silent") return false;
  return till.unsent_events > 0 || (till.session !== null && till.session.business_date <= businessDate);
}

/** The tills whose part of the night may be incomplete. */
export function lackingTills(board: Board): BoardTill[] {
  return board.tills.filter((till) => mayLack(till, board.business_date));
}

/** The instant up to which every till has been heard, or `null` when none is missing. */
export function allHeardUntil(board: Board): number | null {
  const last = lackingTills(board).map((till) => till.last_contact ?? board.now);
  return last.length ? Math.min(...last) : null;
}

/** When the first drawer of this night was opened. */
export function openedAt(board: Board): number | null {
  const opened = board.tills.flatMap((till) =>
    till.session?.business_date === board.business_date ? [till.session.opened_at] : [],
  );
  return opened.length ? Math.min(...opened) : null;
}
