/** Every key of the window passes here: first the scanner's rhythm, then the room on top answers. */

import { onDestroy } from "svelte";

import { actionOf, type Action, type Press } from "./keyboard";
import { ScanDetector } from "./scanner";

type Answer = (action: Action) => boolean;

/** Rooms and what lies over them, the topmost last. */
const answerers: Answer[] = [];

/** Answers keys while the component stands; true says the key was used. */
export function useKeys(answer: Answer): void {
  answerers.push(answer);
  onDestroy(() => answerers.splice(answerers.lastIndexOf(answer), 1));
}

/** Offers an action to the topmost room first. */
export function dispatch(action: Action): boolean {
  for (let i = answerers.length - 1; i >= 0; i--) if (answerers[i]?.(action)) return true;
  return false;
}

/** Listens to the whole window until the returned function is called. */
export function listenToKeys(onScan: (code: string) => void, detector = new ScanDetector()): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  /** The event under the hand, while it is being judged: a held key's event is long gone. */
  let live: KeyboardEvent | null = null;

  const hear = (heard: ReturnType<ScanDetector["press"]>) => {
    for (const one of heard) {
      if (one.kind === "scan") onScan(one.code);
      else for (const key of one.keys) typed(key, key === "Enter" || key === "Tab" ? live : null);
    }
  };

  const wait = () => {
    clearTimeout(timer);
    const deadline = detector.deadline_ms;
    if (deadline === null) return;
    timer = setTimeout(
      () => {
        hear(detector.silence(performance.now()));
        wait();
      },
      Math.max(0, deadline - performance.now()),
    );
  };

  const down = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    const target = event.target instanceof HTMLElement ? event.target : null;
    // A field that wants a scanned text as text, such as an enrolment code.
    if (target?.closest("[data-takes-scans]")) {
      if (event.key === "Enter" || event.key === "Escape") use(event);
      return;
    }
    const printable = event.key.length === 1 && !event.ctrlKey && !event.altKey && !event.metaKey;
    const ends = (event.key === "Enter" || event.key === "Tab") && !event.shiftKey;
    if (printable && !event.repeat) {
      event.preventDefault();
      event.stopPropagation();
      hear(detector.press({ key: event.key, at_ms: performance.now() }));
      wait();
      return;
    }
    if (ends && !event.repeat) {
      const wasHolding = detector.isHolding;
      live = event;
      hear(detector.press({ key: event.key, at_ms: performance.now() }));
      live = null;
      if (wasHolding) event.preventDefault();
      wait();
      return;
    }
    use(event);
  };

  // A finger right after a key must find the key's work done.
  const touch = () => hear(detector.release());

  window.addEventListener("keydown", down, { capture: true });
  window.addEventListener("pointerdown", touch, { capture: true });
  return () => {
    clearTimeout(timer);
    window.removeEventListener("pointerdown", touch, { capture: true });
    window.removeEventListener("keydown", down, { capture: true });
  };
}

function press(event: KeyboardEvent): Press {
  return { key: event.key, ctrl: event.ctrlKey, alt: event.altKey, shift: event.shiftKey, repeat: event.repeat };
}

/** A key that is still going down. */
function use(event: KeyboardEvent): void {
  const focused = document.activeElement;
  const isTyping = focused instanceof HTMLInputElement;
  if (isTyping && ["Backspace", "Delete", "ArrowLeft", "ArrowRight"].includes(event.key)) return;
  // Enter on a key reached with Tab presses that key.
  if (event.key === "Enter" && focused instanceof HTMLButtonElement && focused.matches(":focus-visible")) return;
  const action = actionOf(press(event));
  if (action !== null && dispatch(action)) event.preventDefault();
}

/** A person's key, released by the scanner's judge. */
function typed(key: string, event: KeyboardEvent | null): void {
  if (event !== null) return use(event);
  const focused = document.activeElement;
  if (focused instanceof HTMLInputElement && key.length === 1) return insert(focused, key);
  if (key === " " && focused instanceof HTMLButtonElement) return focused.click();
  const action = actionOf({ key, ctrl: false, alt: false, shift: false, repeat: false });
  if (action !== null) dispatch(action);
}

function insert(field: HTMLInputElement, text: string): void {
  const end = field.value.length;
  field.setRangeText(text, field.selectionStart ?? end, field.selectionEnd ?? end, "end");
  field.dispatchEvent(new InputEvent("input", { bubbles: true, data: text, inputType: "insertText" }));
}
