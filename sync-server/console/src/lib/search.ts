//! Looking for text as people type it: case and accents do not matter.

export function folded(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}

/** Every word of `sought` occurs somewhere in the texts. */
export function holds(texts: (string | null)[], sought: string): boolean {
  const hay = folded(texts.filter((text) => text !== null).join(" "));
  return folded(sought)
    .split(/\s+/)
    .every((word) => hay.includes(word));
}
