/**
 * What the window knows of the till: the core's last answers, and which room the person is in.
 * Nothing here decides about money, people or cards; it asks the core and keeps what it said.
 */

import { getContext, setContext } from "svelte";

import type { Command, Core } from "./api/commands";
import { wordsFor, type Where } from "./api/errors";
import type {
  CardPaymentView,
  CashCount,
  CatalogView,
  CommandError,
  Commands,
  CompletedSaleView,
  Currency,
  Notice,
  Permission,
  SaleLine,
  SaleView,
  ScanOutcome,
  StaffView,
  TicketView,
  TillStatus,
  Timestamp,
  ZReport,
} from "./api/generated";
import { i18n } from "./i18n/index.svelte";

/** Where the person is. */
export type Room =
  | "starting"
  | "broken"
  | "enrol"
  | "login"
  | "open"
  | "sell"
  | "pay"
  | "card"
  | "change"
  | "redeem"
  | "close"
  | "sealed";

/** What lies over the stage. */
export type Panel = "net" | "devices" | "help" | "search" | "last" | "register" | "code" | null;

/** What a scan at the bar came to. */
export type Reading =
  | { kind: "ticket"; ticket: TicketView; at: Timestamp; handed: boolean; gave: GivenLine[] }
  | { kind: "refused"; error: CommandError; code: string; at: Timestamp };

/** What was handed over just now, by line. */
export interface GivenLine {
  line_no: number;
  quantity: number;
}

/** Lines taken off, while they can still come back. */
export interface Undo {
  text: string;
  lines: SaleLine[];
}

/** A card payment's past, as far as this window saw it. */
export interface CardTrace {
  sent_at: Timestamp | null;
  read_at: Timestamp | null;
  pin_at: Timestamp | null;
  bank_at: Timestamp | null;
  uncertain_at: Timestamp | null;
  /** Come back to later: the person may choose at once. */
  is_revisited: boolean;
}

const NO_TRACE: CardTrace = {
  sent_at: null,
  read_at: null,
  pin_at: null,
  bank_at: null,
  uncertain_at: null,
  is_revisited: false,
};
/** Rooms where a scan means something; elsewhere a working terminal or a count is not disturbed. */
const SCANNING: readonly Room[] = ["open", "sell", "pay", "change", "redeem"];
const UNDO_MS = 5_000;
const HISTORY = 12;

export class Till {
  status = $state<TillStatus | null>(null);
  staff = $state<StaffView[]>([]);
  catalog = $state<CatalogView | null>(null);
  sale = $state<SaleView | null>(null);
  completed = $state<CompletedSaleView | null>(null);
  last = $state<CompletedSaleView | null>(null);
  card = $state<CardPaymentView | null>(null);
  trace = $state<CardTrace>(NO_TRACE);
  reading = $state<Reading | null>(null);
  readings = $state<Reading[]>([]);
  sealed = $state<ZReport | null>(null);

  /** The room asked for; the till's state may still lead elsewhere. */
  wanted = $state<"sell" | "pay" | "card" | "redeem" | "close">("sell");
  panel = $state<Panel>(null);
  trouble = $state<CommandError | null>(null);
  broken = $state<CommandError | null>(null);
  undo = $state<Undo | null>(null);
  selected = $state<number | null>(null);
  /** The line a scan or tap just changed. */
  touched = $state<number | null>(null);
  /** A command a person waits for is running. */
  busy = $state(false);
  /** The till's clock, ticking here between its answers. */
  now = $state<Timestamp>(0);
  /** Everything was sent, a moment ago. */
  sent_at = $state<Timestamp | null>(null);

  private skew_ms = 0;
  private queue: Promise<unknown> = Promise.resolve();
  private undo_timer: ReturnType<typeof setTimeout> | undefined;
  private sent_timer: ReturnType<typeof setTimeout> | undefined;

  constructor(readonly core: Core) {}

  readonly room: Room = $derived.by(() => this.whichRoom());
  readonly currency: Currency = $derived(this.status?.venue?.currency ?? this.catalog?.currency ?? "CLP");
  readonly zone: string | undefined = $derived(this.status?.venue?.time_zone);
  readonly where: Where = $derived({ language: i18n.language, currency: this.currency, zone: this.zone });

  /** The sentence for a refusal. */
  words(error: CommandError): string {
    return wordsFor(error, this.where);
  }

  /** The core says this person may. */
  may(permission: Permission): boolean {
    return this.status?.operator?.may.includes(permission) ?? false;
  }

  private whichRoom(): Room {
    if (this.broken !== null) return "broken";
    const status = this.status;
    if (status === null) return "starting";
    if (!status.is_enrolled) return "enrol";
    if (this.sealed !== null) return "sealed";
    if (status.operator === null) return "login";
    if (this.completed !== null) return "change";
    if (this.wanted === "redeem" || !this.may("sell")) return "redeem";
    if (status.session === null) return "open";
    return this.wanted;
  }

  // --- start and news ---

  /** Asks for everything and listens. Answers how to stop listening. */
  async start(): Promise<() => void> {
    this.broken = null;
    try {
      const stop = await this.core.listen((notice) => this.hear(notice));
      this.take(await this.core.command("status.get", {}));
      await this.refresh();
      return stop;
    } catch (error) {
      this.broken = error as CommandError;
      return () => {};
    }
  }

  /** What the core tells unasked. */
  hear(notice: Notice): void {
    switch (notice.notice) {
      case "status":
        this.take(notice.status);
        break;
      case "card":
        this.follow(notice.card);
        break;
      case "catalog":
        void this.reload();
        break;
      case "scan":
        this.heard(notice.code, notice.outcome, notice.error);
        break;
    }
  }

  /** The clock between two answers. */
  tick(): void {
    this.now = Date.now() + this.skew_ms;
  }

  private take(status: TillStatus): void {
    const before = this.status;
    this.status = status;
    this.skew_ms = status.now - Date.now();
    this.now = status.now;
    const wasBehind = before !== null && before.server.state !== "up_to_date" && before.server.unsent_events > 0;
    if (wasBehind && status.server.state === "up_to_date") this.showSent(status.now);
    const stranger = before?.operator?.staff_id !== status.operator?.staff_id;
    if (stranger) this.leaveEverything();
    if (this.completed !== null) void this.lookAtPaper();
    const opened = before?.session?.session_id !== status.session?.session_id;
    if (before !== null && (stranger || opened || before.is_enrolled !== status.is_enrolled)) void this.refresh();
    // A till just linked has nobody and nothing until the first news have come.
    const isBare = this.staff.length === 0 || this.catalog === null || this.catalog.categories.length === 0;
    if (before !== null && status.is_enrolled && isBare) void this.reload();
  }

  private showSent(at: Timestamp): void {
    this.sent_at = at;
    clearTimeout(this.sent_timer);
    this.sent_timer = setTimeout(() => (this.sent_at = null), 5_000);
  }

  private leaveEverything(): void {
    this.wanted = "sell";
    this.panel = null;
    this.trouble = null;
    this.completed = null;
    this.reading = null;
    this.forgetUndo();
  }

  /** Fetches what this state of the till has to show. */
  private async refresh(): Promise<void> {
    const status = this.status;
    if (status === null || !status.is_enrolled) return;
    await this.reload();
    if (status.operator !== null && status.session !== null && this.may("sell")) {
      await this.quietly("sale.current", {}, (sale) => this.show(sale));
      await this.quietly("sale.recent", { limit: 1 }, ([last]) => (this.last = last ?? null));
    }
  }

  private async reload(): Promise<void> {
    await this.quietly("staff.list", {}, (staff) => (this.staff = staff));
    await this.quietly("catalog.list", {}, (catalog) => (this.catalog = catalog));
  }

  // --- asking the core ---

  /** Asks, one after another in the order of the hand, and shows a refusal where the person looks. */
  ask<N extends Command>(
    name: N,
    args: Commands[N]["args"],
    then: (answer: Commands[N]["answer"]) => void,
  ): Promise<boolean> {
    this.trouble = null;
    const turn = this.queue.then(async () => {
      try {
        then(await this.core.command(name, args));
        return true;
      } catch (error) {
        this.trouble = error as CommandError;
        return false;
      }
    });
    this.queue = turn;
    return turn;
  }

  /** Asks in its turn and says nothing when refused: a figure that follows the hand. */
  preview<N extends Command>(
    name: N,
    args: Commands[N]["args"],
    then: (answer: Commands[N]["answer"]) => void,
  ): Promise<void> {
    const turn = this.queue.then(() => this.quietly(name, args, then));
    this.queue = turn;
    return turn;
  }

  /** Asks once: while it runs the big key is locked, so that a habit cannot press it twice. */
  async askOnce<N extends Command>(
    name: N,
    args: Commands[N]["args"],
    then: (answer: Commands[N]["answer"]) => void,
  ): Promise<boolean> {
    if (this.busy) return false;
    this.busy = true;
    try {
      return await this.ask(name, args, then);
    } finally {
      this.busy = false;
    }
  }

  private async quietly<N extends Command>(
    name: N,
    args: Commands[N]["args"],
    then: (answer: Commands[N]["answer"]) => void,
  ): Promise<void> {
    try {
      then(await this.core.command(name, args));
    } catch {
      // Asked in passing: what stands on screen stays.
    }
  }

  // --- people ---

  enroll(server_url: string, code: string): Promise<boolean> {
    return this.askOnce("device.enroll", { server_url, code }, (status) => this.take(status));
  }

  async logIn(staff_id: string, pin: string): Promise<boolean> {
    const isIn = await this.askOnce("operator.log_in", { staff_id, pin }, (status) => this.take(status));
    if (!isIn && this.trouble?.code === "pin_locked") await this.reload();
    return isIn;
  }

  lock(): Promise<boolean> {
    if (this.status?.operator == null) return Promise.resolve(false);
    return this.ask("operator.log_out", {}, (status) => this.take(status));
  }

  // --- register ---

  openRegister(float: CashCount): Promise<boolean> {
    return this.askOnce("register.open", { float }, (status) => {
      this.wanted = "sell";
      this.take(status);
    });
  }

  closeRegister(counted: CashCount): Promise<boolean> {
    return this.askOnce("register.close", { counted }, (report) => {
      this.sealed = report;
      this.wanted = "sell";
      void this.quietly("status.get", {}, (status) => this.take(status));
    });
  }

  // --- sale ---

  private show(sale: SaleView): void {
    this.sale = sale;
    const lines = sale.sale.lines;
    if (!lines.some((line) => line.line_no === this.selected)) this.selected = lines.at(-1)?.line_no ?? null;
  }

  add(product_id: string, quantity_milli?: number): Promise<boolean> {
    const args = quantity_milli === undefined ? { product_id } : { product_id, quantity_milli };
    return this.ask("sale.add", args, (sale) => {
      this.show(sale);
      const line = [...sale.sale.lines].reverse().find((one) => one.product_id === product_id);
      this.selected = line?.line_no ?? this.selected;
      this.touched = this.selected;
    });
  }

  setQuantity(line_no: number, quantity_milli: number): Promise<boolean> {
    return this.ask("sale.set_quantity", { line_no, quantity_milli }, (sale) => this.show(sale));
  }

  removeLine(line: SaleLine): Promise<boolean> {
    return this.ask("sale.remove", { line_no: line.line_no }, (sale) => {
      this.show(sale);
      this.offerUndo({ text: i18n.t.sell.removed(line.name), lines: [line] });
    });
  }

  clearSale(): Promise<boolean> {
    const lines = this.sale?.sale.lines ?? [];
    return this.ask("sale.abandon", {}, (sale) => {
      this.show(sale);
      this.wanted = "sell";
      if (lines.length > 0) this.offerUndo({ text: i18n.t.sell.cleared, lines });
    });
  }

  /** Puts back what was just taken off. */
  async takeBack(): Promise<void> {
    const undo = this.undo;
    this.forgetUndo();
    for (const line of undo?.lines ?? []) await this.add(line.product_id, line.quantity_milli);
  }

  private offerUndo(undo: Undo): void {
    this.forgetUndo();
    this.undo = undo;
    this.undo_timer = setTimeout(() => (this.undo = null), UNDO_MS);
  }

  private forgetUndo(): void {
    clearTimeout(this.undo_timer);
    this.undo = null;
  }

  repeatLast(): Promise<boolean> {
    return this.askOnce("sale.repeat_last", {}, (sale) => this.show(sale));
  }

  /** Finishes the sale; cash is what was handed over. */
  complete(cash_tendered_minor?: number): Promise<boolean> {
    const args = cash_tendered_minor === undefined ? {} : { cash_tendered_minor };
    return this.askOnce("sale.complete", args, (completed) => {
      this.completed = completed;
      this.last = completed;
      this.card = null;
      this.panel = null;
      this.wanted = "sell";
      this.forgetUndo();
      void this.quietly("sale.current", {}, (sale) => this.show(sale));
    });
  }

  /** Whether the paper of the sale on screen has come out by now. */
  private async lookAtPaper(): Promise<void> {
    await this.quietly("sale.recent", { limit: 1 }, ([last]) => {
      if (last !== undefined && last.sale_id === this.completed?.sale_id) this.completed = last;
    });
  }

  /** The change was handed over. */
  nextSale(): void {
    this.completed = null;
    this.wanted = "sell";
  }

  // --- card ---

  startCard(amount_minor?: number): Promise<boolean> {
    const args = amount_minor === undefined ? {} : { amount_minor };
    this.trace = NO_TRACE;
    return this.askOnce("card.start", args, (card) => {
      this.wanted = "card";
      this.follow(card);
    });
  }

  cancelCard(): Promise<boolean> {
    const payment_id = this.card?.payment.payment_id;
    if (payment_id === undefined) return Promise.resolve(false);
    return this.ask("card.cancel", { payment_id }, (card) => this.follow(card));
  }

  askCard(): Promise<boolean> {
    const payment_id = this.card?.payment.payment_id;
    if (payment_id === undefined) return Promise.resolve(false);
    return this.ask("card.ask", { payment_id }, (card) => this.follow(card));
  }

  /** Looks how the payment on screen stands, in case a notice was missed. */
  async lookAtCard(): Promise<void> {
    const payment_id = this.card?.payment.payment_id;
    if (payment_id === undefined) return;
    await this.quietly("card.get", { payment_id }, (card) => this.follow(card));
  }

  /** Shows a payment in doubt again. */
  showDoubt(): void {
    const card = this.status?.uncertain_payments[0];
    if (card === undefined) return;
    this.trouble = null;
    this.card = card;
    this.trace = {
      ...NO_TRACE,
      sent_at: card.payment.started_at,
      uncertain_at: card.payment.started_at,
      is_revisited: true,
    };
    this.wanted = "card";
  }

  /** Leaves the terminal's screen with whatever the sale now has. */
  async leaveCard(): Promise<void> {
    await this.quietly("sale.current", {}, (sale) => this.show(sale));
    this.card = null;
    this.wanted = "pay";
  }

  private follow(card: CardPaymentView): void {
    const current = this.card;
    const isOnScreen =
      current === null ? this.wanted === "card" : current.payment.payment_id === card.payment.payment_id;
    if (!isOnScreen) {
      // A doubt that was left behind has settled: what is left to pay may be another sum now.
      if (card.payment.sale_id === this.sale?.sale.sale_id)
        void this.quietly("sale.current", {}, (sale) => this.show(sale));
      return;
    }
    const before = current?.payment.state;
    this.card = card;
    this.trace = traced(this.trace, card, this.status === null ? card.payment.started_at : this.now);
    if (card.payment.state === "approved" && before !== "approved") void this.settleApproved();
  }

  /** An approved card that covers the sale finishes it; otherwise the rest is still to pay. */
  private async settleApproved(): Promise<void> {
    await this.quietly("sale.current", {}, (sale) => this.show(sale));
    // A doubt about an older sale settles on screen and waits for a person.
    if (this.sale === null || this.card?.payment.sale_id !== this.sale.sale.sale_id) return;
    if (this.sale.left_minor === 0) await this.complete();
    else await this.leaveCard();
  }

  // --- scans and tickets ---

  /** A code was read in the window. */
  async scan(code: string): Promise<void> {
    if (!SCANNING.includes(this.room)) return;
    this.panel = null;
    if (this.completed !== null) this.nextSale();
    await this.ask("scan.route", { code }, (outcome) => this.heard(code, outcome, null));
    const refused = this.trouble;
    if (refused !== null) this.heard(code, null, refused);
  }

  private heard(code: string, outcome: ScanOutcome | null, error: CommandError | null): void {
    if (error !== null) {
      if (error.code.startsWith("ticket_") || this.room === "redeem")
        this.read({ kind: "refused", error, code, at: this.now });
      else this.trouble = error;
      return;
    }
    if (outcome?.kind === "product_added") {
      this.completed = null;
      this.show(outcome.sale);
      this.selected = outcome.line_no;
      this.touched = outcome.line_no;
      if (this.wanted !== "pay" && this.wanted !== "card") this.wanted = "sell";
    } else if (outcome?.kind === "ticket") {
      this.read({ kind: "ticket", ticket: outcome.ticket, at: this.now, handed: false, gave: [] });
    }
  }

  private read(reading: Reading): void {
    // A terminal that works keeps its screen; the paper can be read again.
    if (this.room === "card" || this.room === "close" || this.room === "pay") return;
    this.trouble = null;
    this.wanted = "redeem";
    this.reading = reading;
    this.readings = [reading, ...this.readings].slice(0, HISTORY);
  }

  async checkTicket(code: string): Promise<void> {
    this.panel = null;
    const ok = await this.ask("ticket.check", { code }, (ticket) =>
      this.read({ kind: "ticket", ticket, at: this.now, handed: false, gave: [] }),
    );
    if (!ok && this.trouble !== null) this.read({ kind: "refused", error: this.trouble, code, at: this.now });
  }

  /** Hands over what is named, or everything owed. */
  redeem(lines?: GivenLine[]): Promise<boolean> {
    const reading = this.reading;
    if (reading?.kind !== "ticket") return Promise.resolve(false);
    const owed = reading.ticket.lines.filter((line) => line.owed > 0);
    const gave = lines ?? owed.map(({ line_no, owed: quantity }) => ({ line_no, quantity }));
    const args = lines === undefined ? { code: reading.ticket.code } : { code: reading.ticket.code, lines };
    return this.askOnce("ticket.redeem", args, (ticket) => {
      const next: Reading = { kind: "ticket", ticket, at: this.now, handed: true, gave: [...reading.gave, ...gave] };
      this.readings = [next, ...this.readings.filter((one) => one !== this.readings[0])].slice(0, HISTORY);
      this.reading = next;
    });
  }

  nextTicket(): void {
    this.reading = null;
    this.trouble = null;
  }

  // --- moving about ---

  go(room: Till["wanted"]): void {
    this.trouble = null;
    this.panel = null;
    this.reading = null;
    this.wanted = room;
  }

  toggle(panel: Panel): void {
    this.panel = this.panel === panel ? null : panel;
  }
}

function traced(trace: CardTrace, { payment }: CardPaymentView, now: Timestamp): CardTrace {
  if (payment.state === "uncertain") return { ...trace, uncertain_at: trace.uncertain_at ?? now };
  if (payment.state !== "in_progress") return trace;
  const seen = { ...trace, sent_at: trace.sent_at ?? now };
  switch (payment.progress) {
    case "confirm_amount":
    case "choose":
      return { ...seen, read_at: seen.read_at ?? now };
    case "enter_pin":
      return { ...seen, read_at: seen.read_at ?? now, pin_at: seen.pin_at ?? now };
    case "contacting_bank":
      return { ...seen, read_at: seen.read_at ?? now, bank_at: seen.bank_at ?? now };
    default:
      return seen;
  }
}

const KEY = Symbol("till");

export function provideTill(till: Till): void {
  setContext(KEY, till);
}

export function useTill(): Till {
  return getContext<Till>(KEY);
}
