import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { listen, type BellSource } from "./bell";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

class HandBell extends EventTarget implements BellSource {
  isClosed = false;
  close(): void {
    this.isClosed = true;
  }
  says(what: "open" | "board" | "error"): void {
    this.dispatchEvent(new Event(what));
  }
}

function hung() {
  const bells: HandBell[] = [];
  const seen = { rings: 0, isLive: true };
  const listener = listen({
    open: () => {
      const bell = new HandBell();
      bells.push(bell);
      return bell;
    },
    onRing: () => (seen.rings += 1),
    onLive: (isLive) => (seen.isLive = isLive),
  });
  const last = () => bells[bells.length - 1]!;
  return { bells, seen, last, listener };
}

test("every ring is heard, and the opening counts as one", () => {
  const { seen, last } = hung();
  last().says("open");
  last().says("board");
  last().says("board");
  expect(seen.rings).toBe(3);
});

test("a bell that falls is hung again a second later", async () => {
  const { bells, seen, last } = hung();
  last().says("open");
  last().says("error");
  expect(bells[0]?.isClosed).toBe(true);
  await vi.advanceTimersByTimeAsync(1_000);
  expect(bells).toHaveLength(2);
  expect(seen.isLive).toBe(true);
});

test("three falls in a row turn to asking every 15 s, until one opens again", async () => {
  const { bells, seen, last } = hung();
  for (let fall = 0; fall < 3; fall += 1) {
    last().says("error");
    if (fall < 2) await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(seen).toEqual({ rings: 0, isLive: false });
  await vi.advanceTimersByTimeAsync(14_999);
  expect(seen.rings).toBe(0);
  await vi.advanceTimersByTimeAsync(1);
  expect(seen.rings).toBe(1);
  last().says("error");
  await vi.advanceTimersByTimeAsync(15_000);
  expect(seen).toEqual({ rings: 2, isLive: false });
  last().says("open");
  expect(seen).toEqual({ rings: 3, isLive: true });
  expect(bells).toHaveLength(5);
});

test("falls with an opening between them do not add up", async () => {
  const { seen, last } = hung();
  for (let fall = 0; fall < 5; fall += 1) {
    last().says("open");
    last().says("error");
    await vi.advanceTimersByTimeAsync(1_000);
  }
  expect(seen.isLive).toBe(true);
});

test("a bell taken down rings for nobody and is not hung again", async () => {
  const { bells, seen, last, listener } = hung();
  last().says("error");
  await vi.advanceTimersByTimeAsync(1_000);
  const bell = last();
  listener.stop();
  bell.says("board");
  bell.says("error");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(bells).toHaveLength(2);
  expect(seen.rings).toBe(0);
  expect(bell.isClosed).toBe(true);
});
