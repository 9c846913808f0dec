import { expect, it } from "vitest";

import { SOUNDS, type Sound } from "./sounds";

const all = Object.keys(SOUNDS) as Sound[];
const rhythm = (sound: Sound) => SOUNDS[sound].map((tone) => `${tone.after_ms}+${tone.ms}`).join(" ");

it("the four verdicts differ by rhythm alone, for ears that hear no pitch", () => {
  const rhythms = (["ok", "used", "review", "danger"] as const).map(rhythm);
  expect(new Set(rhythms).size).toBe(4);
});

it("only pouring rises, and only the forged paper falls", () => {
  const course = (sound: Sound) => (SOUNDS[sound].at(-1)?.to_hz ?? 0) - (SOUNDS[sound][0]?.hz ?? 0);
  expect(all.filter((sound) => course(sound) > 0)).toEqual(["ok"]);
  expect(all.filter((sound) => course(sound) < 0)).toEqual(["danger"]);
});

it("none keeps a queue waiting", () => {
  for (const sound of all) {
    const long = SOUNDS[sound].reduce((sum, tone) => sum + tone.after_ms + tone.ms, 0);
    expect(long).toBeLessThanOrEqual(500);
  }
});
