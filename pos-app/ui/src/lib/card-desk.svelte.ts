/** What a person does with card payments that no terminal settles: looks, asks, says what happened, gives back. */

import type { CardPaymentView, Commands, OpenCardView, Permission, ReturnWay, SettleWay } from "./api/generated";
import { NO_TRACE } from "./card-trace";
import { TillState, type Room } from "./till-state.svelte";

/** One payment being settled, and where the person came from. */
export interface Settling {
  card: CardPaymentView;
  /** As the danger zone lists it; a card that pays the sale on the counter is not in it. */
  open: OpenCardView | null;
  /** Which way out was chosen. */
  way: SettleWay | null;
  back: CardDesk["wanted"];
}

const PERMISSION: Record<SettleWay, Permission> = {
  ask_terminal: "sell",
  void: "void_card",
  resolve: "settle_card",
  return: "settle_card",
};

export abstract class CardDesk extends TillState {
  /** The danger zone, oldest first; nothing before it was asked for. */
  open_cards = $state.raw<OpenCardView[] | null>(null);
  settling = $state.raw<Settling | null>(null);
  /** What a terminal without a cable is to charge. */
  voucher_minor = $state<number | null>(null);

  protected abstract refreshSale(): Promise<void>;

  /** Where a way out of a doubt or a batch is shown whatever the register does. */
  protected override get standing(): Room | null {
    if (this.wanted === "settle" && this.settling !== null) return "settle";
    if (this.wanted === "batch") return "batch";
    return null;
  }

  /** Whether it is theirs to do. */
  mayGo(way: SettleWay): boolean {
    return this.may(PERMISSION[way]);
  }

  /** The same, or with the approval of somebody who may. */
  canGo(way: SettleWay): boolean {
    return this.can(PERMISSION[way]);
  }

  /** Says who may, where the person looks. */
  refuseWay(way: SettleWay): void {
    this.trouble = { code: "permission_denied", message: "", details: { permission: PERMISSION[way] } };
  }

  loadOpenCards(): Promise<void> {
    return this.quietly("card.list_open", {}, (list) => (this.open_cards = list));
  }

  /** Shows one of the danger zone, or a card that pays the sale on the counter. */
  settle(card: CardPaymentView, open: OpenCardView | null, way: SettleWay | null = null): void {
    const back = this.wanted === "settle" ? "sell" : this.wanted;
    this.panel = null;
    this.trouble = null;
    this.settling = { card, open, way, back };
    this.wanted = "settle";
  }

  /** Settles the doubt on the terminal's screen by hand. */
  async settleDoubt(): Promise<void> {
    const card = this.card;
    if (card === null) return;
    if (!this.canGo("resolve")) return this.refuseWay("resolve");
    await this.loadOpenCards();
    const open = this.open_cards?.find((one) => one.card.payment.payment_id === card.payment.payment_id) ?? null;
    this.settle(card, open, "resolve");
  }

  /** News of the payment that is being settled: what the terminal said meanwhile comes first. */
  protected hearSettling(card: CardPaymentView): boolean {
    const settling = this.settling;
    if (settling?.card.payment.payment_id !== card.payment.payment_id) return false;
    // What was just written answers by itself.
    if (this.busy) return true;
    if (card.payment.state === settling.card.payment.state) this.settling = { ...settling, card };
    else this.onScreen(card);
    void this.refreshSale();
    return true;
  }

  choose(way: SettleWay | null): void {
    if (this.settling === null) return;
    if (way !== null && !this.canGo(way)) return this.refuseWay(way);
    if (way === "ask_terminal") return void this.askTerminal();
    this.trouble = null;
    this.settling = { ...this.settling, way };
  }

  leaveSettling(): void {
    this.trouble = null;
    const back = this.settling?.back ?? "sell";
    // A terminal's screen without its payment says nothing.
    this.wanted = back === "card" && this.card === null ? "sell" : back;
    this.settling = null;
  }

  /** Asks the terminal about it, on the terminal's screen. */
  private async askTerminal(): Promise<void> {
    const card = this.settling?.card;
    if (card === undefined) return;
    this.onScreen(card);
    await this.ask("card.ask", { payment_id: card.payment.payment_id }, (answer) => (this.card = answer));
  }

  resolve(said: Omit<Commands["card.resolve"]["args"], "payment_id">): Promise<boolean> {
    return this.writeOf("card.resolve", said);
  }

  giveBack(way: ReturnWay, note: string): Promise<boolean> {
    return this.writeOf("card.return", { way, note });
  }

  voidCard(): Promise<boolean> {
    return this.writeOf("card.void", {});
  }

  private writeOf<N extends "card.resolve" | "card.return" | "card.void">(
    name: N,
    said: Omit<Commands[N]["args"], "payment_id">,
  ): Promise<boolean> {
    const payment_id = this.settling?.card.payment.payment_id;
    if (payment_id === undefined) return Promise.resolve(false);
    return this.askOnce(name, { ...said, payment_id } as Commands[N]["args"], (card) => {
      this.onScreen(card);
      void this.refreshSale();
      void this.loadOpenCards();
    });
  }

  /** What became of it stands on the terminal's screen until somebody goes on. */
  protected onScreen(card: CardPaymentView): void {
    const at = card.payment.started_at;
    this.card = card;
    this.trace = { ...NO_TRACE, sent_at: at, uncertain_at: at, is_revisited: true };
    if (card.payment.state === "voiding" && this.settling?.way === "void")
      this.trace = { ...NO_TRACE, sent_at: at, voiding_at: this.now };
    this.settling = null;
    this.wanted = "card";
  }

  /** The terminal has no cable: leads to where its voucher is copied. */
  chargeByHand(amount_minor: number): void {
    this.trouble = null;
    this.voucher_minor = amount_minor;
    this.wanted = "voucher";
  }

  /** A register that is closed has nothing left to count, but a terminal may have. */
  toBatch(): void {
    this.panel = null;
    this.trouble = null;
    this.sealed = null;
    this.wanted = "batch";
  }
}
