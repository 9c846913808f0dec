/**
 * Tells a keyboard-wedge scanner from a person, by the rhythm of the keys, whatever has the focus.
 *
 * Every printable key is held back until its rhythm is known: nothing was inserted anywhere, so nothing has to be
 * taken out again when it turns out to be a scan. A key that was a person's is released within `hold_ms`.
 */

export interface ScannerConfig {
  /** Codes are at least this long. */
  min_length: number;
  /** Longer ones are not codes. */
  max_length: number;
  /** A scanner's median gap between keys, at most. */
  median_gap_ms: number;
  /** A scanner's largest gap; also how long a lone key waits for a second one. */
  max_gap_ms: number;
  /** How long the first key alone is held back. */
  hold_ms: number;
  /** A scanner without a suffix has ended after this silence. */
  silence_ms: number;
  /** The same code again within this is the same scan. */
  repeat_ms: number;
  /** The key some scanners send first. */
  prefix: string | null;
}

export const SCANNER: ScannerConfig = {
  min_length: 4,
  max_length: 512,
  median_gap_ms: 35,
  max_gap_ms: 80,
  hold_ms: 45,
  silence_ms: 100,
  repeat_ms: 800,
  prefix: null,
};

/** One key going down. */
export interface Key {
  key: string;
  at_ms: number;
}

/** What came of it: keys a person typed, in order, or a code. */
export type Heard = { kind: "typed"; keys: string[] } | { kind: "scan"; code: string };

/** Pure: time comes in with each key and with `silence`. */
export class ScanDetector {
  private held: Key[] = [];
  private prefixed = false;
  private last: { code: string; at_ms: number } | null = null;

  constructor(
    private readonly config: ScannerConfig = SCANNER,
    /** The same code again counts at once while this holds. */
    private readonly takesRepeats: () => boolean = () => false,
  ) {}

  /** Keys are waiting for their verdict. */
  get isHolding(): boolean {
    return this.held.length > 0 || this.prefixed;
  }

  /** When `silence` has to be asked, at the latest. */
  get deadline_ms(): number | null {
    const last = this.held.at(-1);
    if (last === undefined) return null;
    const alone = this.held.length === 1 && !this.prefixed;
    return last.at_ms + (alone ? this.config.hold_ms : this.config.silence_ms);
  }

  /** A printable key, Enter or Tab. */
  press({ key, at_ms }: Key): Heard[] {
    if (this.config.prefix !== null && key === this.config.prefix) {
      const heard = this.flush();
      this.prefixed = true;
      return heard;
    }
    const previous = this.held.at(-1);
    const heard: Heard[] = [];
    if (previous !== undefined && at_ms - previous.at_ms > this.config.max_gap_ms)
      heard.push(...this.judge(previous.at_ms));
    if (key === "Enter" || key === "Tab") {
      if (!this.isHolding) return [...heard, { kind: "typed", keys: [key] }];
      const ended = this.judge(at_ms);
      // A person's Enter still counts; a scanner's was only its full stop.
      const wasScan = ended.length === 0 || ended.some((one) => one.kind === "scan");
      return wasScan ? [...heard, ...ended] : [...heard, ...ended, { kind: "typed", keys: [key] }];
    }
    this.held.push({ key, at_ms });
    return heard;
  }

  /** Nothing was pressed until `now_ms`. */
  silence(now_ms: number): Heard[] {
    const deadline = this.deadline_ms;
    return deadline !== null && now_ms >= deadline ? this.judge(now_ms) : [];
  }

  /** Something other than a key happened: what was held was a person's, and comes first. */
  release(): Heard[] {
    return this.flush();
  }

  private judge(now_ms: number): Heard[] {
    if (!this.isScan()) return this.flush();
    const code = this.held.map((one) => one.key).join("");
    this.held = [];
    this.prefixed = false;
    // Too long for any code of ours: as much of it is told as makes that plain, so that nobody scans in vain.
    if (code.length > this.config.max_length)
      return [{ kind: "scan", code: code.slice(0, this.config.max_length + 1) }];
    const isMeant = this.takesRepeats();
    const bounced = !isMeant && this.last !== null && this.last.code === code && now_ms - this.last.at_ms < this.config.repeat_ms;
    this.last = { code, at_ms: now_ms };
    return bounced ? [] : [{ kind: "scan", code }];
  }

  private flush(): Heard[] {
    const keys = this.held.map((one) => one.key);
    this.held = [];
    this.prefixed = false;
    return keys.length > 0 ? [{ kind: "typed", keys }] : [];
  }

  private isScan(): boolean {
    if (this.held.length < this.config.min_length) return false;
    if (this.prefixed) return true;
    const gaps = this.held.slice(1).map((one, i) => one.at_ms - (this.held[i]?.at_ms ?? one.at_ms));
    const sorted = [...gaps].sort((a, b) => a - b);
    const median = sorted[Math.floor(sorted.length / 2)] ?? Infinity;
    return median <= this.config.median_gap_ms && gaps.every((gap) => gap <= this.config.max_gap_ms);
  }
}
