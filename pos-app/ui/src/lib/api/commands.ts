/** The core's commands, typed by what Rust generated. */

import type { Approval, CommandError, Commands, Notice } from "./generated";
import type { Transport } from "./transport";

/** A command by name. */
export type Command = keyof Commands;

export class Core {
  constructor(private readonly transport: Transport) {}

  /**
   * Runs a command, with somebody's approval where whoever is signed in needs one. Rejects with a `CommandError` and
   * nothing else.
   */
  async command<N extends Command>(
    name: N,
    args: Commands[N]["args"],
    approval?: Approval,
  ): Promise<Commands[N]["answer"]> {
    try {
      const sent = approval === undefined ? args : { ...args, approval };
      return (await this.transport.call(name, sent)) as Commands[N]["answer"];
    } catch (thrown) {
      throw asCommandError(thrown);
    }
  }

  /** Hears the till's notices. */
  listen(hear: (notice: Notice) => void): Promise<() => void> {
    return this.transport.listen(hear);
  }
}

/** Whatever was thrown, as a refusal with a code. */
export function asCommandError(thrown: unknown): CommandError {
  if (typeof thrown === "object" && thrown !== null && "code" in thrown && "message" in thrown) {
    const { code, message, details } = thrown as CommandError;
    return { code, message, details: details ?? {} };
  }
  return { code: "internal", message: String(thrown), details: {} };
}
