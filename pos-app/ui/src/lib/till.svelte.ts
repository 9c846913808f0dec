/** What a person can have done at the till: every deed asks the core, and what it answers is kept. */

import { getContext, setContext } from "svelte";

import type {
  BadgeView,
  CardPaymentView,
  CashCount,
  CommandError,
  Commands,
  Notice,
  SaleLine,
  SaleView,
  ScanOutcome,
  TillStatus,
} from "./api/generated";
import { Sightings } from "./camera";
import { CardDesk } from "./card-desk.svelte";
import { NO_TRACE, traced } from "./card-trace";
import { floodOf, floodOfRefusal } from "./flood";
import { i18n } from "./i18n/index.svelte";
import type { GivenLine, Panel, Reading, Room, Undo } from "./till-state.svelte";

/** Rooms where a scan means something; elsewhere a working terminal or a count is not disturbed. */
const SCANNING: readonly Room[] = ["open", "sell", "pay", "change", "redeem"];
/** Rooms that a scan of the till's own scanner does not lead away from. */
const STAYING: readonly Room[] = ["pay", "card", "settle", "voucher", "batch"];
const UNDO_MS = 5_000;
const HISTORY = 12;

export class Till extends CardDesk {
  private readonly sightings = new Sightings();
  private undo_timer: ReturnType<typeof setTimeout> | undefined;

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
        this.times = null;
        this.heard(notice.code, notice.outcome, notice.error);
        break;
    }
  }

  private take(status: TillStatus): void {
    const before = this.keep(status);
    const stranger = before?.operator?.staff_id !== status.operator?.staff_id;
    if (stranger) this.leaveEverything();
    if (this.completed !== null) void this.lookAtPaper();
    const opened = before?.session?.session_id !== status.session?.session_id;
    if (before !== null && (stranger || opened || before.is_enrolled !== status.is_enrolled)) void this.refresh();
    // A till just linked has nobody and nothing until the first news have come.
    const isBare = this.staff.length === 0 || this.catalog === null || this.catalog.categories.length === 0;
    if (before !== null && status.is_enrolled && isBare) void this.reload();
  }

  private leaveEverything(): void {
    this.approve(null);
    this.badged = null;
    this.wanted = "sell";
    this.panel = null;
    this.trouble = null;
    this.completed = null;
    this.reading = null;
    this.settling = null;
    this.open_cards = null;
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
    this.approve(null);
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
      // Tried again: what was on screen is over, and the new payment takes its place.
      this.card = null;
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
  showDoubt(which = 0): void {
    const card = this.status?.uncertain_payments[which];
    if (card === undefined) return;
    this.panel = null;
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
    await this.refreshSale();
    this.card = null;
    // What was settled may be of an older sale, with nothing on the counter.
    this.wanted = this.sale?.sale.lines.length === 0 && this.sale.paid_minor === 0 ? "sell" : "pay";
  }

  /** What a terminal without a cable charged, copied from its voucher. */
  enterVoucher(said: Commands["card.enter_manual"]["args"]): Promise<boolean> {
    return this.askOnce("card.enter_manual", said, (card) => {
      this.voucher_minor = null;
      this.card = card;
      this.play("ok");
      void this.settleApproved();
    });
  }

  protected refreshSale(): Promise<void> {
    return this.quietly("sale.current", {}, (sale) => this.show(sale));
  }

  private follow(card: CardPaymentView): void {
    if (this.open_cards !== null) void this.loadOpenCards();
    if (this.hearSettling(card)) return;
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
    if (card.payment.state === "approved" && before !== "approved") {
      // A terminal that did not give the money back leaves the sale as it was.
      if (before === "voiding") return this.play("review");
      // Beside its sale it is no reason to rejoice.
      this.play(card.payment.sale_id === this.sale?.sale.sale_id ? "ok" : "review");
      void this.settleApproved();
    } else if (card.payment.state === "uncertain" && before !== undefined && before !== "uncertain") this.play("review");
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
    if (this.approving !== null || this.room === "login") return this.readBadge(code);
    if (!SCANNING.includes(this.room)) return;
    this.panel = null;
    if (this.completed !== null) this.nextSale();
    const times = this.times;
    this.times = null;
    await this.ask("scan.route", times === null ? { code } : { code, times }, (outcome) => this.heard(code, outcome, null));
    const refused = this.trouble;
    if (refused !== null) this.heard(code, null, refused);
  }

  /** What the camera sees; nothing when it cannot be read. */
  async readFrame(frame: Commands["scan.frame"]["args"]): Promise<readonly string[]> {
    try {
      return (await this.core.command("scan.frame", frame)).codes;
    } catch (error) {
      this.trouble = error as CommandError;
      return [];
    }
  }

  /** The camera read a code: a scan like any other, and the camera has done its work. */
  seen(code: string, at_ms: number): void {
    this.panel = null;
    if (this.sightings.isNew(code, at_ms)) void this.scan(code);
  }

  /** The till's own scanner is told how many the next one counts; it is read past this window. */
  async countNext(times: number | null): Promise<void> {
    if (this.status?.scanner.state === "not_configured" || this.status?.operator == null) return;
    await this.quietly("scan.times", times === null ? {} : { times }, () => {});
  }

  /** Somebody is asked who they are: a code is a badge, or nothing. Not in turn, because the turn waits for the answer. */
  private async readBadge(code: string): Promise<void> {
    if (this.approving === null ? this.busy : this.approving.isAsking) return;
    try {
      this.pick(code, await this.core.command("staff.read_badge", { code }));
    } catch (error) {
      this.refuseBadge(error as CommandError);
    }
  }

  /** A badge chooses its person where one is asked for; elsewhere it says whose it is. */
  private pick(code: string, badge: BadgeView): void {
    const isTheirs = (one: { staff_id: string }) => one.staff_id === badge.staff_id;
    if (this.approving !== null) {
      const { permission, approvers } = this.approving;
      if (!approvers.some(isTheirs))
        return this.refuseBadge({ code: "permission_denied", message: "", details: { permission } });
      this.approving = { ...this.approving, refused: null };
    } else if (this.room === "login") {
      if (!this.staff.some(isTheirs)) return this.refuseBadge({ code: "staff_unknown", message: "", details: {} });
      this.trouble = null;
    } else return this.heard(code, null, { code: "badge_here", message: "", details: { staff: badge.name } });
    this.badged = badge;
    this.play("heard");
  }

  private refuseBadge(error: CommandError): void {
    if (this.approving !== null) this.approving = { ...this.approving, refused: error };
    else this.trouble = error;
    this.play("unknown");
  }

  private heard(code: string, outcome: ScanOutcome | null, error: CommandError | null): void {
    if (outcome?.kind === "badge") return this.pick(code, outcome.badge);
    if (error !== null && this.approving !== null) return this.refuseBadge(error);
    if (error !== null) {
      if (error.code.startsWith("ticket_") || this.room === "redeem")
        this.read({ kind: "refused", error, code, at: this.now });
      else {
        this.trouble = error;
        this.play("unknown");
      }
      return;
    }
    if (outcome?.kind === "product_added") {
      this.completed = null;
      this.show(outcome.sale);
      this.selected = outcome.line_no;
      this.touched = outcome.line_no;
      if (!STAYING.includes(this.wanted)) this.wanted = "sell";
      this.play("heard");
    } else if (outcome?.kind === "receipt") {
      this.found = outcome.sale;
      this.panel = "last";
      this.play("heard");
    } else if (outcome?.kind === "ticket") {
      this.read({ kind: "ticket", ticket: outcome.ticket, at: this.now, handed: false, gave: [] });
    }
  }

  private read(reading: Reading): void {
    // A terminal that works keeps its screen; the paper can be read again.
    if (STAYING.includes(this.room) || this.room === "close") return;
    this.trouble = null;
    this.wanted = "redeem";
    this.reading = reading;
    this.play(floodOf(reading) ?? "unknown");
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
  async redeem(lines?: GivenLine[]): Promise<boolean> {
    const reading = this.reading;
    if (reading?.kind !== "ticket") return false;
    const owed = reading.ticket.lines.filter((line) => line.owed > 0);
    const gave = lines ?? owed.map(({ line_no, owed: quantity }) => ({ line_no, quantity }));
    const args = lines === undefined ? { code: reading.ticket.code } : { code: reading.ticket.code, lines };
    const ok = await this.askOnce("ticket.redeem", args, (ticket) => {
      const next: Reading = { kind: "ticket", ticket, at: this.now, handed: true, gave: [...reading.gave, ...gave] };
      this.readings = [next, ...this.readings.filter((one) => one !== this.readings[0])].slice(0, HISTORY);
      this.reading = next;
    });
    const refused = this.trouble;
    if (ok || refused === null) return ok;
    // Another bar was first, or cannot be asked: a verdict like any other.
    if (floodOfRefusal(refused.code) !== null) {
      this.read({ kind: "refused", error: refused, code: reading.ticket.code, at: this.now });
    } else if (refused.code === "ticket_delivered" || refused.code === "ticket_too_many") {
      await this.checkTicket(reading.ticket.code);
    }
    return false;
  }

  /** Takes back what was handed over; the paper owes it again. */
  undoRedemption(redemption_id: string): Promise<boolean> {
    const reading = this.reading;
    if (reading?.kind !== "ticket") return Promise.resolve(false);
    return this.askOnce("ticket.undo", { code: reading.ticket.code, redemption_id }, (ticket) => {
      const next: Reading = { kind: "ticket", ticket, at: this.now, handed: false, gave: [] };
      this.readings = [next, ...this.readings.filter((one) => one !== this.readings[0])].slice(0, HISTORY);
      this.reading = next;
    });
  }

  /** Withdraws the ticket that was read; somebody who may can allow it there and then. */
  voidTicket(reason: string): Promise<boolean> {
    const reading = this.reading;
    if (reading?.kind !== "ticket") return Promise.resolve(false);
    return this.askOnce("ticket.void", { code: reading.ticket.code, reason }, (ticket) => {
      const next: Reading = { kind: "ticket", ticket, at: this.now, handed: false, gave: [] };
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
    this.found = null;
    this.panel = this.panel === panel ? null : panel;
  }
}

const KEY = Symbol("till");

export function provideTill(till: Till): void {
  setContext(KEY, till);
}

export function useTill(): Till {
  return getContext<Till>(KEY);
}
