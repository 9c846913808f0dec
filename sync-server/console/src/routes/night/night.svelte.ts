//! The board of one night, kept fresh: old numbers stay until new ones are here.

import { api, Refusal, type Asked, type Board } from "../../lib/api";
import { listen } from "../../lib/bell";
import { Coalescer } from "../../lib/coalesce";

/** A board is fetched at most this often, however fast the tills sell. */
const FETCH_GAP_MS = 400;
/** Nothing rings when a till falls silent, and "known until" moves on by itself. */
const HEARTBEAT_MS = 30_000;

export class NightBoard {
  board = $state<Board | null>(null);
  /** Why the last fetch failed; the board, if any, is older than it. */
  refusal = $state<Refusal | null>(null);
  /** Whether a fetch for another night than the one shown is under way. */
  isTurning = $state(false);
  isLive = $state(true);
  /** The business date that is now, once known. */
  today = $state<string | null>(null);

  #asked: Asked = { date: null, venueId: null };
  readonly #onRefusal: (refusal: Refusal) => void;
  readonly #fetches: Coalescer;
  #bell: { stop: () => void } | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;

  constructor(onRefusal: (refusal: Refusal) => void) {
    this.#onRefusal = onRefusal;
    this.#fetches = new Coalescer(() => this.#fetch(), FETCH_GAP_MS);
  }

  start(): void {
    this.#bell = listen({
      open: api.bell,
      onRing: () => this.refresh(),
      onLive: (isLive) => {
        this.isLive = isLive;
        // A bell given up may be a server that is gone, and that is worth knowing at once.
        if (!isLive) this.refresh();
      },
    });
    this.#heartbeat = setInterval(() => this.refresh(), HEARTBEAT_MS);
    this.refresh();
  }

  stop(): void {
    clearInterval(this.#heartbeat);
    this.#bell?.stop();
    this.#fetches.stop();
  }

  /** Turns to another night or another venue. */
  turnTo(asked: Asked): void {
    if (asked.date === this.#asked.date && asked.venueId === this.#asked.venueId) return;
    // Another venue may be in another night.
    if (asked.venueId !== this.#asked.venueId) this.today = null;
    this.#asked = asked;
    this.isTurning = true;
    this.refresh();
  }

  refresh(): void {
    this.#fetches.ring();
  }

  async #fetch(): Promise<void> {
    const asked = this.#asked;
    try {
      const board = await api.board(asked);
      if (asked !== this.#asked) return;
      this.board = board;
      this.refusal = null;
      this.isTurning = false;
      // Only the server knows when a night turns into the next.
      if (asked.date === null) this.today = board.business_date;
      else this.today ??= (await api.board({ ...asked, date: null })).business_date;
    } catch (cause) {
      if (asked !== this.#asked) return;
      this.refusal = cause instanceof Refusal ? cause : new Refusal(0, "unreachable", String(cause));
      this.isTurning = false;
      this.#onRefusal(this.refusal);
    }
  }
}
