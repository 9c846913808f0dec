import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { Coalescer } from "./coalesce";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A run that ends when told, and counts how many work at once. */
function slowRun() {
  const ends: (() => void)[] = [];
  const counts = { begun: 0, working: 0, most: 0 };
  const run = () =>
    new Promise<void>((end) => {
      counts.begun += 1;
      counts.working += 1;
      counts.most = Math.max(counts.most, counts.working);
      ends.push(() => {
        counts.working -= 1;
        end();
      });
    });
  return { run, counts, endNext: () => ends.shift()?.() };
}

test("the first ring runs at once", () => {
  const { run, counts } = slowRun();
  new Coalescer(run, 400).ring();
  expect(counts.begun).toBe(1);
});

test("a hundred rings during a run become one more run", async () => {
  const { run, counts, endNext } = slowRun();
  const fetches = new Coalescer(run, 400);
  for (let ring = 0; ring < 100; ring += 1) fetches.ring();
  expect(counts.begun).toBe(1);
  endNext();
  await vi.advanceTimersByTimeAsync(399);
  expect(counts.begun).toBe(1);
  await vi.advanceTimersByTimeAsync(1);
  expect(counts.begun).toBe(2);
  endNext();
  await vi.advanceTimersByTimeAsync(5_000);
  expect(counts).toMatchObject({ begun: 2, most: 1 });
});

test("a ring in the pause after a run is not lost", async () => {
  const { run, counts, endNext } = slowRun();
  const fetches = new Coalescer(run, 400);
  fetches.ring();
  endNext();
  await vi.advanceTimersByTimeAsync(100);
  fetches.ring();
  expect(counts.begun).toBe(1);
  await vi.advanceTimersByTimeAsync(300);
  expect(counts.begun).toBe(2);
});

test("nothing runs after the stop", async () => {
  const { run, counts, endNext } = slowRun();
  const fetches = new Coalescer(run, 400);
  fetches.ring();
  fetches.ring();
  fetches.stop();
  endNext();
  await vi.advanceTimersByTimeAsync(1_000);
  fetches.ring();
  expect(counts.begun).toBe(1);
});
