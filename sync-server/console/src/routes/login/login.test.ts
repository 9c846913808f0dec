import { createRawSnippet, flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, expect, test, vi } from "vitest";

import { i18n } from "../../lib/i18n/index.svelte";
import Login from "./Login.svelte";

let answer: () => Promise<Response>;
let entered: string[] = [];
let page: Record<string, unknown> | undefined;

beforeEach(() => {
  vi.stubGlobal("fetch", () => answer());
  entered = [];
  i18n.speak("es");
});

afterEach(async () => {
  if (page) await unmount(page);
  page = undefined;
  vi.unstubAllGlobals();
});

async function tryToEnter(): Promise<string> {
  const target = document.createElement("div");
  document.body.replaceChildren(target);
  const languages = createRawSnippet(() => ({ render: () => "<span></span>" }));
  page = mount(Login, { target, props: { hasEnded: false, onEnter: (name) => entered.push(name), languages } });
  const [name, password] = [...target.querySelectorAll("input")];
  for (const [field, value] of [[name, " valentina "], [password, "secreta"]] as const) {
    field!.value = value;
    field!.dispatchEvent(new Event("input", { bubbles: true }));
  }
  target.querySelector("form")!.requestSubmit();
  // The answer is there at once; reading it takes a few turns of the loop.
  await vi.waitFor(() => {
    flushSync();
    if (target.querySelector("button.primary:disabled")) throw new Error("still asking");
  });
  return target.querySelector("[role=alert]")?.textContent?.trim() ?? "";
}

const refused = (status: number, headers: Record<string, string> = {}) =>
  Promise.resolve(Response.json({ code: "some_code", title: "" }, { status, headers }));

test("who is known gets in", async () => {
  answer = () => Promise.resolve(Response.json({ name: "Valentina O.", expires_at: 0 }));
  expect(await tryToEnter()).toBe("");
  expect(entered).toEqual(["Valentina O."]);
});

test.each([
  [401, {}, "El nombre o la contraseña no coinciden. Revise ambos."],
  [423, { "retry-after": "841" }, "Demasiados intentos seguidos. Reintente en 15 minutos."],
  [429, {}, "Demasiados intentos seguidos. Espere unos minutos y reintente."],
  [500, {}, "No se pudo entrar. Código para soporte: some_code."],
])("a refusal of %d says what to do", async (status, headers, sentence) => {
  answer = () => refused(status, headers);
  expect(await tryToEnter()).toBe(sentence);
  expect(entered).toEqual([]);
});

test("a server that is away is not called a wrong password", async () => {
  answer = () => Promise.reject(new TypeError("no network"));
  expect(await tryToEnter()).toContain("El servidor no contesta.");
});
