/** What is heard: one shape per verdict, so that ears alone can tell them apart. Made of tones; there are no files. */

import type { Flood } from "./flood";

/** A verdict, a scan that was taken, or a code nobody knows. */
export type Sound = Flood | "heard" | "unknown";

/** One tone; it glides when it ends at another pitch than it began. */
export interface Tone {
  /** Silence before it, since the tone before ended. */
  after_ms: number;
  ms: number;
  hz: number;
  to_hz: number;
}

const tone = (hz: number, ms: number, after_ms = 0, to_hz = hz): Tone => ({ after_ms, ms, hz, to_hz });

export const SOUNDS: Record<Sound, readonly Tone[]> = {
  // A rising pair.
  ok: [tone(660, 60), tone(990, 90)],
  // Three equal pulses.
  used: [tone(330, 70), tone(330, 70, 60), tone(330, 70, 60)],
  // Two slow tones.
  review: [tone(520, 180), tone(520, 180, 120)],
  // One low fall.
  danger: [tone(240, 450, 0, 160)],
  heard: [tone(1320, 80)],
  unknown: [tone(220, 80), tone(220, 80, 60)],
};

/** Loud enough over a bar, not so loud that a till's small speaker rattles. */
const LOUDNESS = 0.35;
/** A tone fades in and out, or it clicks. */
const EDGE_S = 0.006;

/** Plays tones on whatever the window has; a window that cannot play is silent and loses nothing else. */
export class Speaker {
  private context: AudioContext | null = null;
  /** What is sounding, so that a new verdict replaces it at once. */
  private master: GainNode | null = null;

  play(sound: Sound): void {
    const context = this.open();
    if (context === null) return;
    void context.resume();
    this.master?.disconnect();
    const master = context.createGain();
    master.gain.value = LOUDNESS;
    master.connect(context.destination);
    this.master = master;
    let at = context.currentTime + 0.01;
    for (const { after_ms, ms, hz, to_hz } of SOUNDS[sound]) {
      at += after_ms / 1000;
      const ends = at + ms / 1000;
      const oscillator = context.createOscillator();
      const edge = context.createGain();
      // A triangle carries through a room better than a sine and does not rasp.
      oscillator.type = "triangle";
      oscillator.frequency.setValueAtTime(hz, at);
      oscillator.frequency.linearRampToValueAtTime(to_hz, ends);
      edge.gain.setValueAtTime(0, at);
      edge.gain.linearRampToValueAtTime(1, at + EDGE_S);
      edge.gain.setValueAtTime(1, ends - EDGE_S);
      edge.gain.linearRampToValueAtTime(0, ends);
      oscillator.connect(edge).connect(master);
      oscillator.start(at);
      oscillator.stop(ends);
      at = ends;
    }
  }

  private open(): AudioContext | null {
    if (this.context === null && typeof AudioContext === "function") this.context = new AudioContext();
    return this.context;
  }
}
