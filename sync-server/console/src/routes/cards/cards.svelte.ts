//! The open card payments, kept fresh: old ones stay until new ones are here.

import { api, Refusal, type OpenCard } from "../../lib/api";
import { listen } from "../../lib/bell";
import { Coalescer } from "../../lib/coalesce";
import type { Currency } from "../../lib/money";

const FETCH_GAP_MS = 400;
/** Nothing rings when a payment only grows older. */
const HEARTBEAT_MS = 30_000;

export class OpenCards {
  cards = $state.raw<OpenCard[] | null>(null);
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

  async #fetch(): Promise<void> {
    try {
      if (!this.#hasVenue) {
        const board = await api.board({ date: null, venueId: null });
        this.currency = board.currency;
        this.zone = board.venue?.time_zone;
        if (board.venue) this.#onVenue(board.venue.name);
        this.#hasVenue = true;
      }
      this.cards = (await api.openCards()).items;
      this.refusal = null;
    } catch (cause) {
      this.refusal = cause instanceof Refusal ? cause : new Refusal(0, "unreachable", String(cause));
      this.#onRefusal(this.refusal);
    }
  }
}
