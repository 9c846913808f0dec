/**
 * What the window knows of the till: the core's last answers, and which room the person is in.
 * Nothing here decides about money, people or cards; it keeps what the core said.
 */

import type { Command, Core } from "./api/commands";
import { wordsFor, type Where } from "./api/errors";
import type {
  Approval,
  Approver,
  BadgeView,
  CardPaymentView,
  CatalogView,
  CommandError,
  Commands,
  CompletedSaleView,
  Currency,
  ErrorCode,
  Permission,
  SaleLine,
  SaleView,
  StaffView,
  TicketView,
  TillStatus,
  Timestamp,
  ZReport,
} from "./api/generated";
import { NO_TRACE, type CardTrace } from "./card-trace";
import { i18n } from "./i18n/index.svelte";
import { count, money } from "./money";
import { noticesOf, type Notice } from "./notices";
import { sound } from "./sound.svelte";
import type { Sound } from "./sounds";

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
  | "sealed"
  | "settle"
  | "voucher"
  | "batch";

/** What lies over the stage. */
export type Panel =
  | "net"
  | "devices"
  | "help"
  | "search"
  | "last"
  | "register"
  | "move_cash"
  | "badges"
  | "camera"
  | "code"
  | "notices"
  | "cards"
  | "services"
  | null;

/** What a scan at the bar came to. */
export type Reading =
  | { kind: "ticket"; ticket: TicketView; at: Timestamp; handed: boolean; gave: GivenLine[] }
  | { kind: "refused"; error: CommandError; code: string; at: Timestamp };

/** What was handed over just now, by line. */
export interface GivenLine {
  line_no: number;
  quantity: number;
}

/** Somebody who may is asked for their PIN, there and then. */
export interface Approving {
  permission: Permission;
  approvers: readonly Approver[];
  /** Why the last PIN did not do. */
  refused: CommandError | null;
  /** The PIN was given and is being looked at. */
  isAsking: boolean;
  settle: (approval: Approval | null) => void;
}

/** How long a drawer may stand open before it is said. */
const DRAWER_MS = 30_000;

/** Another PIN may do, where this one did not. */
const ANOTHER_PIN: readonly ErrorCode[] = ["pin_wrong", "pin_locked", "staff_unknown"];

/** Lines taken off, while they can still come back. */
export interface Undo {
  text: string;
  lines: SaleLine[];
}

/** The window's picture of the till, and the way to ask it. */
export class TillState {
  /* What the core answers is replaced, never changed in place: watching every field of it would only cost time. */
  status = $state.raw<TillStatus | null>(null);
  staff = $state.raw<StaffView[]>([]);
  catalog = $state.raw<CatalogView | null>(null);
  sale = $state.raw<SaleView | null>(null);
  completed = $state.raw<CompletedSaleView | null>(null);
  last = $state.raw<CompletedSaleView | null>(null);
  card = $state.raw<CardPaymentView | null>(null);
  trace = $state.raw<CardTrace>(NO_TRACE);
  reading = $state.raw<Reading | null>(null);
  readings = $state.raw<Reading[]>([]);
  sealed = $state.raw<ZReport | null>(null);

  /** The room asked for; the till's state may still lead elsewhere. */
  wanted = $state<"sell" | "pay" | "card" | "redeem" | "close" | "settle" | "voucher" | "batch">("sell");
  panel = $state<Panel>(null);
  /** The sale of a receipt that was scanned, for the panel of sales. */
  found = $state<CompletedSaleView | null>(null);
  trouble = $state<CommandError | null>(null);
  approving = $state.raw<Approving | null>(null);
  /** A badge that was just read where somebody is asked who they are. Their PIN is still to come. */
  badged = $state.raw<BadgeView | null>(null);
  broken = $state<CommandError | null>(null);
  undo = $state<Undo | null>(null);
  selected = $state<number | null>(null);
  /** The line a scan or tap just changed. */
  touched = $state<number | null>(null);
  /** So many of what is tapped or scanned next. */
  times = $state<number | null>(null);
  /** Somebody forgot to shut the drawer. */
  isDrawerLeftOpen = $state(false);
  private drawer_open_since: Timestamp | null = null;
  /** A command a person waits for is running. */
  busy = $state(false);
  /** The till's clock, ticking here between its answers. */
  now = $state<Timestamp>(0);
  /** Everything was sent, a moment ago. */
  sent_at = $state<Timestamp | null>(null);

  private skew_ms = 0;
  private queue: Promise<unknown> = Promise.resolve();
  private sent_timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly core: Core,
    /** Makes itself heard; a test listens here. */
    protected readonly play: (sound: Sound) => void = (one) => sound.play(one),
  ) {}

  readonly room: Room = $derived.by(() => this.whichRoom());
  readonly currency: Currency = $derived(this.status?.venue?.currency ?? this.catalog?.currency ?? "CLP");
  readonly zone: string | undefined = $derived(this.status?.venue?.time_zone);
  readonly where: Where = $derived({ language: i18n.language, currency: this.currency, zone: this.zone });

  /** What somebody should know or do. */
  readonly notices: readonly Notice[] = $derived.by(() =>
    this.status === null
      ? []
      : [
          ...(this.isDrawerLeftOpen ? [{ key: "drawer", ...i18n.t.notices.drawer }] : []),
          ...noticesOf(
            this.status,
            i18n.t,
            (minor) => money(minor, this.currency, i18n.language),
            (n) => count(n, i18n.language),
          ),
        ],
  );

  /** The notices of the bar: open card payments have a place of their own there. */
  readonly barNotices: readonly Notice[] = $derived(
    (this.status?.open_cards ?? 0) > 0 ? this.notices.filter((one) => !one.is_card) : this.notices,
  );

  /** The sentence for a refusal. */
  words(error: CommandError): string {
    return wordsFor(error, this.where);
  }

  /** The core says this person may. */
  may(permission: Permission): boolean {
    return this.status?.operator?.may.includes(permission) ?? false;
  }

  /** The same, or somebody who may can allow it there and then. */
  can(permission: Permission): boolean {
    return this.may(permission) || (this.status?.operator?.may_with_approval.includes(permission) ?? false);
  }

  private whichRoom(): Room {
    if (this.broken !== null) return "broken";
    const status = this.status;
    if (status === null) return "starting";
    if (!status.is_enrolled) return "enrol";
    if (this.sealed !== null) return "sealed";
    if (status.operator === null) return "login";
    if (this.standing !== null) return this.standing;
    if (this.completed !== null) return "change";
    if (this.wanted === "redeem" || !this.may("sell")) return "redeem";
    // What became of a card stays on screen, whatever the register does.
    if (this.wanted === "card" && this.card !== null) return "card";
    if (status.session === null) return "open";
    return this.wanted;
  }

  /** A room that stands whatever the register does. */
  protected get standing(): Room | null {
    return null;
  }

  /** The clock between two answers. */
  tick(): void {
    this.now = Date.now() + this.skew_ms;
    const since = this.drawer_open_since;
    if (since === null || this.isDrawerLeftOpen || this.now - since < DRAWER_MS) return;
    this.isDrawerLeftOpen = true;
    this.play("review");
  }

  private watchDrawer(status: TillStatus): void {
    if (status.paper.is_drawer_open === true) this.drawer_open_since ??= status.now;
    else {
      this.drawer_open_since = null;
      this.isDrawerLeftOpen = false;
    }
  }

  /** Keeps how the till is, and its clock. Answers what it was before. */
  protected keep(status: TillStatus): TillStatus | null {
    const before = this.status;
    this.status = status;
    this.skew_ms = status.now - Date.now();
    this.now = status.now;
    this.watchDrawer(status);
    const wasBehind = before !== null && before.server.state !== "up_to_date" && before.server.unsent_events > 0;
    if (wasBehind && status.server.state === "up_to_date") this.showSent(status.now);
    if (before !== null && status.paid_twice.length > before.paid_twice.length) this.play("review");
    return before;
  }

  private showSent(at: Timestamp): void {
    this.sent_at = at;
    clearTimeout(this.sent_timer);
    this.sent_timer = setTimeout(() => (this.sent_at = null), 5_000);
  }

  // --- asking the core ---

  /** Asks, one after another in the order of the hand, and shows a refusal where the person looks. */
  ask<N extends Command>(
    name: N,
    args: Commands[N]["args"],
    then: (answer: Commands[N]["answer"]) => void,
  ): Promise<boolean> {
    this.trouble = null;
    const turn = this.queue.then(() => this.asked(name, args, then));
    this.queue = turn;
    return turn;
  }

  private async asked<N extends Command>(
    name: N,
    args: Commands[N]["args"],
    then: (answer: Commands[N]["answer"]) => void,
  ): Promise<boolean> {
    let approval: Approval | undefined;
    for (;;) {
      try {
        then(await this.core.command(name, args, approval));
        this.approving = null;
        return true;
      } catch (thrown) {
        const error = thrown as CommandError;
        const given = await this.forApproval(error);
        if (given === null) {
          this.approving = null;
          this.trouble = error;
          return false;
        }
        approval = given;
      }
    }
  }

  /** Asks somebody who may, where that would help; `null` when it would not, or nobody wants to. */
  private forApproval(error: CommandError): Promise<Approval | null> {
    const approvers = (error.details.approvers ?? []) as readonly Approver[];
    const permission = error.details.permission as Permission;
    const before = this.approving;
    const next =
      error.code === "permission_denied" && approvers.length > 0
        ? { permission, approvers, refused: before === null ? null : error }
        : before !== null && ANOTHER_PIN.includes(error.code)
          ? { ...before, refused: error }
          : null;
    if (next === null) return Promise.resolve(null);
    return new Promise((settle) => (this.approving = { ...next, isAsking: false, settle }));
  }

  /** Somebody's PIN, or `null`: it is not to be done. */
  approve(approval: Approval | null): void {
    const approving = this.approving;
    if (approving === null || approving.isAsking) return;
    this.approving = { ...approving, isAsking: true };
    approving.settle(approval);
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

  protected async quietly<N extends Command>(
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
}
