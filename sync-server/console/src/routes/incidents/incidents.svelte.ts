//! What went wrong with tickets, newest first, kept fresh: old ones stay until new ones are here.

import { api, Refusal, type Incident } from "../../lib/api";
import { listen } from "../../lib/bell";
import { Coalescer } from "../../lib/coalesce";
import type { Currency } from "../../lib/money";

const FETCH_GAP_MS = 400;
/** Should a ring be lost. */
const HEARTBEAT_MS = 30_000;

export class Incidents {
  incidents = $state.raw<Incident[] | null>(null);
  /** Asks for older ones; null when there are none. */
  next = $state<string | null>(null);
  isFetchingOlder = $state(false);
  /** Why the last fetch failed; the list, if any, is older than it. */
  refusal = $state<Refusal | null>(null);
  currency = $state<Currency>("CLP");
  zone = $state<string | undefined>();

  readonly #onRefusal: (refusal: Refusal) => void;
  readonly #onVenue: (name: string) => void;
  readonly #fetches = new Coalescer(() => this.#fetch(), FETCH_GAP_MS);
  #bell: { stop: () => void } | undefined;
  #heartbeat: ReturnType<typeof setInterval> | undefined;
  #hasVenue = false;
  /** How many parts are shown: as many are fetched again. */
  #parts = 1;

  constructor(onRefusal: (refusal: Refusal) => void, onVenue: (name: string) => void) {
    this.#onRefusal = onRefusal;
    this.#onVenue = onVenue;
  }

  start(): void {
    this.#bell = listen({ open: api.bell, onRing: () => this.refresh(), onLive: () => this.refresh() });
    this.#heartbeat = setInterval(() => this.refresh(), HEARTBEAT_MS);
    this.refresh();
  }

  stop(): void {
    clearInterval(this.#heartbeat);
    this.#bell?.stop();
    this.#fetches.stop();
  }

  refresh(): void {
    this.#fetches.ring();
  }

  /** Shows one part more. */
  older(): void {
    if (this.next === null || this.isFetchingOlder) return;
    this.isFetchingOlder = true;
    this.#parts += 1;
    this.refresh();
  }

  async #fetch(): Promise<void> {
    try {
      if (!this.#hasVenue) {
        const board = await api.board({ date: null, venueId: null });
        this.currency = board.currency;
        this.zone = board.venue?.time_zone;
        if (board.venue) this.#onVenue(board.venue.name);
        this.#hasVenue = true;
      }
      let page = await api.incidents(null);
      const items = [...page.items];
      for (let part = 1; part < this.#parts && page.next !== null; part += 1) {
        page = await api.incidents(page.next);
        items.push(...page.items);
      }
      this.incidents = items;
      this.next = page.next;
      this.refusal = null;
    } catch (cause) {
      this.refusal = cause instanceof Refusal ? cause : new Refusal(0, "unreachable", String(cause));
      this.#onRefusal(this.refusal);
    } finally {
      this.isFetchingOlder = false;
    }
  }
}
