/** A core that answers from a script. */

import type { Command } from "../src/lib/api/commands";
import type {
  CashCount,
  CashTenderView,
  CommandError,
  Commands,
  ErrorCode,
  Notice,
  TenderCash,
} from "../src/lib/api/generated";
import type { Transport } from "../src/lib/api/transport";
import { inNotes } from "../src/lib/cash";
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

const sumOf = (counted: CashCount) => counted.reduce((sum, one) => sum + one.denomination_minor * one.count, 0);

/** What cash pays of a due, as the core would say it. */
export function tender({ notes, amount_minor }: TenderCash, due_minor: number): CashTenderView {
  const tendered_minor = amount_minor ?? (notes ? sumOf(notes) : due_minor);
  const change_minor = Math.max(0, tendered_minor - due_minor);
  return {
    due_minor,
    tendered_minor,
    missing_minor: Math.max(0, due_minor - tendered_minor),
    change_minor,
    change_notes: inNotes(change_minor, night.status().denominations),
  };
}

/** A till on which nothing has happened since it opened. */
const QUIET: Answers = {
  "status.get": () => night.status(),
  "printer.jobs": () => ({ jobs: [], waiting: 0, in_doubt: 0 }),
  "staff.list": () => night.staff,
  "catalog.list": () => night.catalog,
  "sale.current": () => night.empty,
  "sale.recent": () => [night.completedCash],
  "scan.times": () => ({}),
  "register.read": () => night.reading,
  "register.add_up": ({ counted }) => ({
    rows: counted.map((one) => ({ ...one, total_minor: one.denomination_minor * one.count })),
    pieces: counted.reduce((sum, one) => sum + one.count, 0),
    total_minor: sumOf(counted),
  }),
  "sale.tender": (args) => tender(args, night.four.cash_due_minor),
};
