/** The keyboard map: which key means what. Rooms choose what they answer to; meaning never changes between them. */

export type Action =
  | { kind: "digit"; digit: string }
  | { kind: "tab"; back: boolean }
  | { kind: "favourite"; place: number }
  | { kind: "tender"; place: number }
  | { kind: "move"; to: "up" | "down" | "left" | "right" | "page_up" | "page_down" }
  | { kind: PlainAction };

export type PlainAction =
  | "help"
  | "search"
  | "last_sale"
  | "register"
  | "pay"
  | "exact_cash"
  | "lock"
  | "times"
  | "more"
  | "less"
  | "remove"
  | "erase"
  | "undo"
  | "confirm"
  | "back";

/** A key as it went down. */
export interface Press {
  key: string;
  ctrl: boolean;
  alt: boolean;
  shift: boolean;
  repeat: boolean;
}

const PLAIN: Record<string, PlainAction> = {
  F1: "help",
  F2: "search",
  F7: "last_sale",
  F8: "register",
  F9: "pay",
  F10: "exact_cash",
  F12: "lock",
  "*": "times",
  "+": "more",
  "-": "less",
  Delete: "remove",
  Backspace: "erase",
  Enter: "confirm",
  Escape: "back",
};

const MOVES = {
  ArrowUp: "up",
  ArrowDown: "down",
  ArrowLeft: "left",
  ArrowRight: "right",
  PageUp: "page_up",
  PageDown: "page_down",
} as const;

/** A held key repeats these usefully; Enter or F9 held down must not pay twice. */
const REPEATS = new Set<Action["kind"]>(["move", "more", "less", "erase"]);

/** What a key means, or nothing. */
export function actionOf(press: Press): Action | null {
  const action = meaning(press);
  return action !== null && press.repeat && !REPEATS.has(action.kind) ? null : action;
}

function meaning({ key, ctrl, alt, shift }: Press): Action | null {
  if (ctrl && !alt) {
    if (/^[1-9]$/.test(key)) return { kind: "favourite", place: Number(key) };
    if (key.toLowerCase() === "z") return { kind: "undo" };
    if (key.toLowerCase() === "f") return { kind: "search" };
    return null;
  }
  if (alt && !ctrl) return /^[1-6]$/.test(key) ? { kind: "tender", place: Number(key) } : null;
  if (ctrl || alt) return null;
  if (/^[0-9]$/.test(key)) return { kind: "digit", digit: key };
  if (key === "Tab") return { kind: "tab", back: shift };
  const move = MOVES[key as keyof typeof MOVES];
  if (move !== undefined) return { kind: "move", to: move };
  const plain = PLAIN[key];
  return plain === undefined ? null : { kind: plain };
}
