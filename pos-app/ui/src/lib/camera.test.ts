import { describe, expect, it } from "vitest";

import { Sightings, base64, fitted, greyOf } from "./camera";

describe("a frame", () => {
  it("is sent as large as a code needs, and never enlarged", () => {
    expect(fitted(1280, 720)).toEqual([640, 360]);
    expect(fitted(480, 640)).toEqual([480, 640]);
    expect(fitted(1080, 1920)).toEqual([360, 640]);
  });

  it("is grey, one byte a dot", () => {
    const rgba = [255, 255, 255, 255, 0, 0, 0, 255, 255, 0, 0, 255, 0, 255, 0, 255, 0, 0, 255, 255];
    expect([...greyOf(rgba)]).toEqual([255, 0, 76, 149, 28]);
  });

  it("goes into a command whole, however large", () => {
    const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => i % 251);
    const back = Buffer.from(base64(bytes), "base64");
    expect(Buffer.compare(back, bytes)).toBe(0);
  });
});

describe("a paper held still", () => {
  it("is one scan, and another code or the same one later is another", () => {
    const seen = new Sightings(800);
    expect([seen.isNew("A", 0), seen.isNew("A", 700), seen.isNew("A", 1_400)]).toEqual([true, false, false]);
    expect([seen.isNew("B", 1_500), seen.isNew("A", 1_600)]).toEqual([true, true]);
    expect(seen.isNew("A", 2_400)).toBe(true);
  });
});
