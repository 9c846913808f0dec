/** A core that answers from a script. */

import type { Command } from "../src/lib/api/commands";
import type { CommandError, Commands, ErrorCode, Notice } from "../src/lib/api/generated";
import type { Transport } from "../src/lib/api/transport";
import * as night from "./fixtures";

type Answers = {
  [N in Command]?: (args: Commands[N]["args"]) => Commands[N]["answer"] | Promise<Commands[N]["answer"]>;
};

export function refusal(code: ErrorCode, details: Record<string, unknown> = {}): CommandError {
  return { code, message: code, details };
}

export class FakeTransport implements Transport {
  readonly calls: { name: string; args: unknown }[] = [];
  private hearers: ((notice: Notice) => void)[] = [];

  constructor(private readonly answers: Answers = {}) {}

  async call(name: string, args: unknown): Promise<unknown> {
    this.calls.push({ name, args });
    const answer = { ...QUIET, ...this.answers }[name as Command] as ((args: unknown) => unknown) | undefined;
    if (answer === undefined) throw refusal("command_unknown");
    return await answer(args);
  }

  listen(hear: (notice: Notice) => void): Promise<() => void> {
    this.hearers.push(hear);
    return Promise.resolve(() => {
      this.hearers = this.hearers.filter((one) => one !== hear);
    });
  }

  tell(notice: Notice): void {
    for (const hear of this.hearers) hear(notice);
  }

  /** The arguments every call of a command came with. */
  argsOf(name: Command): unknown[] {
    return this.calls.filter((call) => call.name === name).map((call) => call.args);
  }
}

/** A till on which nothing has happened since it opened. */
const QUIET: Answers = {
  "status.get": () => night.status(),
  "staff.list": () => night.staff,
  "catalog.list": () => night.catalog,
  "sale.current": () => night.empty,
  "sale.recent": () => [night.completedCash],
  "register.read": () => night.reading,
};
