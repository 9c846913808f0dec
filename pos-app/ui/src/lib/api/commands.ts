/** The core's commands, typed by what Rust generated. */

import type { CommandError, Commands, Notice } from "./generated";
import type { Transport } from "./transport";

/** A command by name. */
export type Command = keyof Commands;

export class Core {
  constructor(private readonly transport: Transport) {}

  /** Runs a command. Rejects with a `CommandError` and nothing else. */
  async command<N extends Command>(name: N, args: Commands[N]["args"]): Promise<Commands[N]["answer"]> {
    try {
      return (await this.transport.call(name, args)) as Commands[N]["answer"];
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
