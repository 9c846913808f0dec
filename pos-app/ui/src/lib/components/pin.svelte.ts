/** A PIN under the hand. It is forgotten the moment it is used. */

export const PIN_SHORTEST = 4;
const LONGEST = 8;

export class Pin {
  digits = $state("");

  /** `accepts` is asked before each digit whether it counts. */
  constructor(private readonly accepts: () => boolean) {}

  get isLongEnough(): boolean {
    return this.digits.length >= PIN_SHORTEST;
  }

  digit(d: string): void {
    if (this.digits.length < LONGEST && this.accepts()) this.digits += d;
  }

  erase(): void {
    this.digits = this.digits.slice(0, -1);
  }

  clear(): void {
    this.digits = "";
  }

  /** What was typed, once. */
  take(): string {
    const typed = this.digits;
    this.digits = "";
    return typed;
  }
}
