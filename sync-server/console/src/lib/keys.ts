//! Whose key is it.

/** Whether a key pressed there writes text or picks a value, and so is no command of the page. */
export function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLInputElement || target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
