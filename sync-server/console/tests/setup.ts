//! What a browser has and the test's document lacks.

class NoResizes implements ResizeObserver {
  observe(): void {
    // Nothing is laid out, so nothing changes size.
  }
  unobserve(): void {
    // As above.
  }
  disconnect(): void {
    // As above.
  }
}

globalThis.ResizeObserver ??= NoResizes;
