/** A frame of a camera as the core reads it: grey, and no larger than a code on paper needs. */

import { SCANNER } from "./scanner";

/** A code of 41 modules is still five dots a module at half this width. */
const LONGEST = 640;

/** The size a picture is sent in. */
export function fitted(width: number, height: number): [number, number] {
  const scale = Math.min(1, LONGEST / Math.max(width, height));
  return [Math.round(width * scale), Math.round(height * scale)];
}

/** One byte a dot, from red, green, blue and clearness. */
export function greyOf(rgba: ArrayLike<number>): Uint8Array {
  const grey = new Uint8Array(Math.floor(rgba.length / 4));
  for (let i = 0; i < grey.length; i++) {
    const [red, green, blue] = [rgba[4 * i] ?? 0, rgba[4 * i + 1] ?? 0, rgba[4 * i + 2] ?? 0];
    grey[i] = (77 * red + 150 * green + 29 * blue) >> 8;
  }
  return grey;
}

/** Bytes as text, for a command's arguments. */
export function base64(bytes: Uint8Array): string {
  const CHUNK = 0x8000;
  let binary = "";
  for (let at = 0; at < bytes.length; at += CHUNK) binary += String.fromCharCode(...bytes.subarray(at, at + CHUNK));
  return btoa(binary);
}

/** What was seen last: a paper held still is one scan. */
export class Sightings {
  private last: { code: string; at_ms: number } | null = null;

  constructor(private readonly repeat_ms: number = SCANNER.repeat_ms) {}

  isNew(code: string, at_ms: number): boolean {
    const { last } = this;
    this.last = { code, at_ms };
    return last === null || last.code !== code || at_ms - last.at_ms >= this.repeat_ms;
  }
}
