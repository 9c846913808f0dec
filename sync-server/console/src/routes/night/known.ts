//! What the board does not know: which tills may have sold more than the server has heard.

import type { Board, BoardTill } from "../../lib/api";

/**
 * A silent till with a session open, or with events left to send, may have sold since it last spoke. One that
 * closed and sent everything owes nothing, and neither does one never seen or withdrawn.
 */
export function mayLack(till: BoardTill): boolean {
  return till.state === "silent" && (till.session !== null || till.unsent_events > 0);
}

/** The instant up to which every till has been heard, or `null` when none is missing. */
export function allHeardUntil(board: Board): number | null {
  const last = board.tills.filter(mayLack).map((till) => till.last_contact ?? board.now);
  return last.length ? Math.min(...last) : null;
}

/** When the first drawer of this night was opened. */
export function openedAt(board: Board): number | null {
  const opened = board.tills.flatMap((till) =>
    till.session?.business_date === board.business_date ? [till.session.opened_at] : [],
  );
  return opened.length ? Math.min(...opened) : null;
}
