/** What is copied from a terminal's paper by hand: only what can stand there gets in. The core judges it. */

export type FieldName = "code" | "last4" | "note";

/** What a field takes, and how much of it. */
const TAKES: Record<FieldName, { keep: (text: string) => string; longest: number }> = {
  code: { keep: (text) => text.toUpperCase().replace(/[^A-Z0-9]/g, ""), longest: 12 },
  last4: { keep: (text) => text.replace(/\D/g, ""), longest: 4 },
  note: { keep: (text) => text.replace(/\s+/g, " ").trimStart(), longest: 120 },
};

export class Fields {
  code = $state("");
  last4 = $state("");
  note = $state("");
  /** The field under the hand. */
  at = $state<FieldName>("code");
  private elements: Partial<Record<FieldName, HTMLInputElement>> = {};

  /** What the field under the hand holds; written by the pad and the letters. */
  get text(): string {
    return this[this.at];
  }
  set text(text: string) {
    this.write(this.at, text);
  }
  get longest(): number {
    return TAKES[this.at].longest;
  }

  write(name: FieldName, text: string): void {
    this[name] = TAKES[name].keep(text).slice(0, TAKES[name].longest);
    const element = this.elements[name];
    // A character that did not get in must leave the glass as well.
    if (element && element.value !== this[name]) element.value = this[name];
  }

  digit(digit: string): void {
    this.text += digit;
  }

  erase(): void {
    this.text = this.text.slice(0, -1);
  }

  /** Puts the hand on a field. */
  go(name: FieldName): void {
    this.at = name;
    this.elements[name]?.focus();
  }

  /** Keeps the field's place on screen; the first one under the hand has the focus. */
  attach(name: FieldName): (element: HTMLInputElement) => () => void {
    return (element) => {
      this.elements[name] = element;
      if (this.at === name) element.focus();
      return () => delete this.elements[name];
    };
  }
}
