/** jsdom lacks what only a real window has. */

import { beforeEach } from "vitest";

globalThis.ResizeObserver ??= class {
  observe(): void {}
  unobserve(): void {}
  disconnect(): void {}
};

Element.prototype.animate ??= () => ({ cancel() {}, finished: Promise.resolve() }) as unknown as Animation;

beforeEach(() => {
  document.body.replaceChildren();
});
