//! The server's bell: a server-sent event says only that something changed, and the board is fetched anew.

/** The part of `EventSource` that is used, so that a test can ring it. */
export interface BellSource {
  addEventListener(type: "board" | "open" | "error", listener: () => void): void;
  close(): void;
}

export interface BellOptions {
  open: () => BellSource;
  /** Something changed, or might have. */
  onRing: () => void;
  /** Whether the bell hangs: `false` while the board is asked for on the clock instead. */
  onLive: (isLive: boolean) => void;
  /** How often to ask when nobody rings. */
  pollMs?: number;
  /** How long to wait before hanging the bell again. */
  retryMs?: number;
}

const LOST_BEFORE_POLLING = 3;

/**
 * Listens until `stop`. A bell lost three times in a row, without having rung or opened in between, is given
 * up for a question every `pollMs`; each of those hangs the bell again, so a server that is back is heard.
 */
export function listen(options: BellOptions): { stop: () => void } {
  const { open, onRing, onLive, pollMs = 15_000, retryMs = 1_000 } = options;
  let source: BellSource | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let lost = 0;
  let isStopped = false;

  function hang(): void {
    const mine = open();
    source = mine;
    mine.addEventListener("open", () => {
      if (source !== mine) return;
      lost = 0;
      onLive(true);
      // What changed while nobody listened was not rung.
      onRing();
    });
    mine.addEventListener("board", () => {
      if (source === mine) onRing();
    });
    mine.addEventListener("error", () => {
      if (source !== mine) return;
      // The browser would reconnect by itself after some failures and not after others: one rule is ours.
      mine.close();
      source = undefined;
      lost += 1;
      const isPolling = lost >= LOST_BEFORE_POLLING;
      if (isPolling) onLive(false);
      timer = setTimeout(
        () => {
          if (isStopped) return;
          if (isPolling) onRing();
          hang();
        },
        isPolling ? pollMs : retryMs,
      );
    });
  }

  hang();
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
      source?.close();
      source = undefined;
    },
  };
}
