/** Hands and eyes on the window: opens it on a scripted core, touches, types, looks. */

import { flushSync, mount, unmount } from "svelte";
import { afterEach } from "vitest";

import App from "../src/App.svelte";
import { Core } from "../src/lib/api/commands";
import { Till } from "../src/lib/till.svelte";
import { FakeTransport } from "./fake";
import * as night from "./fixtures";

export type Answers = ConstructorParameters<typeof FakeTransport>[0];

let standing: Record<string, unknown> | undefined;
afterEach(() => {
  if (standing) void unmount(standing);
  standing = undefined;
});

/** Puts the window up and waits until it has asked for everything. */
export async function stand(till: Till): Promise<void> {
  standing = mount(App, { target: document.body, props: { till } });
  await settle();
}

/** Opens the window on a core that answers so. */
export async function open(answers: Answers = {}): Promise<{ till: Till; core: FakeTransport }> {
  const core = new FakeTransport(answers);
  const till = new Till(new Core(core));
  await stand(till);
  return { till, core };
}

/** Lets every promise that is ready run, and the screen follow. */
export async function settle(): Promise<void> {
  for (let i = 0; i < 30; i++) await Promise.resolve();
  flushSync();
}

export function find(id: string): HTMLElement {
  const found = document.querySelector<HTMLElement>(`[data-testid="${id}"]`);
  if (found === null) throw new Error(`no ${id} on screen`);
  return found;
}

export const sees = (id: string) => document.querySelector(`[data-testid="${id}"]`) !== null;
export const text = (id: string) => find(id).textContent?.replace(/\s+/g, " ").trim() ?? "";

export async function tap(...ids: string[]): Promise<void> {
  for (const id of ids) {
    find(id).click();
    await settle();
  }
}

export async function key(name: string, over: KeyboardEventInit = {}): Promise<void> {
  window.dispatchEvent(new KeyboardEvent("keydown", { key: name, bubbles: true, cancelable: true, ...over }));
  await settle();
}

/** Puts the hand on a field and types on the pad. */
export async function pad(field: string, digits: string): Promise<void> {
  find(field).focus();
  await settle();
  for (const digit of digits) await tap(`digit-${digit}`);
}

export const selling = (answers: Answers = {}): Answers => ({ "sale.current": () => night.four, ...answers });
