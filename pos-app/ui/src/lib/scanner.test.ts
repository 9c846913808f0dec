import { describe, expect, it } from "vitest";

import { SCANNER, ScanDetector, type Heard } from "./scanner";

/** Presses a text with one gap between keys; answers what was heard and the time after. */
function press(detector: ScanDetector, text: string[], gap_ms: number, from_ms = 0): { heard: Heard[]; at_ms: number } {
  const heard: Heard[] = [];
  let at_ms = from_ms;
  for (const key of text) {
    heard.push(...detector.silence(at_ms));
    heard.push(...detector.press({ key, at_ms }));
    at_ms += gap_ms;
  }
  return { heard, at_ms };
}

const EAN = [..."7801234567890"];

describe("a scanner's burst", () => {
  it("with Enter is one code, and nothing else reaches the screen", () => {
    const { heard } = press(new ScanDetector(), [...EAN, "Enter"], 8);
    expect(heard).toEqual([{ kind: "scan", code: "7801234567890" }]);
  });

  it("without a suffix ends by silence", () => {
    const detector = new ScanDetector();
    const { heard, at_ms } = press(detector, EAN, 12);
    expect(heard).toEqual([]);
    expect(detector.silence(at_ms + 50)).toEqual([]);
    expect(detector.silence(at_ms + SCANNER.silence_ms)).toEqual([{ kind: "scan", code: "7801234567890" }]);
  });

  it("keeps letters, signs and case as sent", () => {
    const { heard } = press(new ScanDetector(), [..."T1.aB-9_", "Tab"], 5);
    expect(heard).toEqual([{ kind: "scan", code: "T1.aB-9_" }]);
  });

  it("twice within 800 ms is one scan, later it is another", () => {
    const detector = new ScanDetector();
    const first = press(detector, [...EAN, "Enter"], 5);
    const second = press(detector, [...EAN, "Enter"], 5, first.at_ms + 300);
    const third = press(detector, [...EAN, "Enter"], 5, second.at_ms + 900);
    expect([first, second, third].map((one) => one.heard.length)).toEqual([1, 0, 1]);
  });

  it("of another code is never taken for a bounce", () => {
    const detector = new ScanDetector();
    const first = press(detector, [...EAN, "Enter"], 5);
    const second = press(detector, [..."7802222222222", "Enter"], 5, first.at_ms);
    expect(second.heard).toEqual([{ kind: "scan", code: "7802222222222" }]);
  });

  it("longer than any code is told once, cut short, so that it is refused aloud", () => {
    const { heard } = press(new ScanDetector(), [..."9".repeat(SCANNER.max_length + 300), "Enter"], 2);
    expect(heard).toEqual([{ kind: "scan", code: "9".repeat(SCANNER.max_length + 1) }]);
  });

  it("counts again at once while somebody has said how many", () => {
    let isHeld = false;
    const detector = new ScanDetector(SCANNER, () => isHeld);
    const first = press(detector, [...EAN, "Enter"], 5);
    const bounce = press(detector, [...EAN, "Enter"], 5, first.at_ms + 100);
    isHeld = true;
    const meant = press(detector, [...EAN, "Enter"], 5, bounce.at_ms + 100);
    expect([first, bounce, meant].map((one) => one.heard.length)).toEqual([1, 0, 1]);
  });

  it("after a prefix needs no rhythm", () => {
    const detector = new ScanDetector({ ...SCANNER, prefix: "F9" });
    const { heard } = press(detector, ["F9", ..."1234", "Enter"], 60);
    expect(heard).toEqual([{ kind: "scan", code: "1234" }]);
  });
});

describe("a person's keys", () => {
  it("are released in order after a short hold", () => {
    const detector = new ScanDetector();
    expect(detector.press({ key: "3", at_ms: 0 })).toEqual([]);
    expect(detector.silence(SCANNER.hold_ms)).toEqual([{ kind: "typed", keys: ["3"] }]);
  });

  it("typed at a person's pace are never a code", () => {
    const detector = new ScanDetector();
    const { heard, at_ms } = press(detector, EAN, 110);
    heard.push(...detector.silence(at_ms));
    expect(heard.every((one) => one.kind === "typed")).toBe(true);
    expect(heard.flatMap((one) => (one.kind === "typed" ? one.keys : []))).toEqual(EAN);
  });

  it("rolled quickly but few are typed, and Enter after them still counts", () => {
    const { heard } = press(new ScanDetector(), ["1", "2", "Enter"], 20);
    expect(heard).toEqual([
      { kind: "typed", keys: ["1", "2"] },
      { kind: "typed", keys: ["Enter"] },
    ]);
  });

  it("Enter alone is not held back", () => {
    expect(new ScanDetector().press({ key: "Enter", at_ms: 0 })).toEqual([{ kind: "typed", keys: ["Enter"] }]);
  });

  it("are released at once when a finger comes down", () => {
    const detector = new ScanDetector();
    detector.press({ key: "5", at_ms: 0 });
    expect(detector.release()).toEqual([{ kind: "typed", keys: ["5"] }]);
    expect(detector.isHolding).toBe(false);
  });

  it("before a burst do not become part of it", () => {
    const detector = new ScanDetector();
    const heard = [...detector.press({ key: "3", at_ms: 0 })];
    const burst = press(detector, [...EAN, "Enter"], 6, 400);
    expect([...heard, ...burst.heard]).toEqual([
      { kind: "typed", keys: ["3"] },
      { kind: "scan", code: "7801234567890" },
    ]);
  });
});
