/** How the screens reach the till's core. The window has one way; tests have another. */

import type { Notice } from "./generated";

export interface Transport {
  /** Runs a command. Rejects with a `CommandError`. */
  call(name: string, args: unknown): Promise<unknown>;
  /** Hears what the till tells unasked, until the returned function is called. */
  listen(hear: (notice: Notice) => void): Promise<() => void>;
}
