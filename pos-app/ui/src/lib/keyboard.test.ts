import { describe, expect, it } from "vitest";

import { actionOf, type Press } from "./keyboard";

const press = (key: string, over: Partial<Press> = {}): Press => ({
  key,
  ctrl: false,
  alt: false,
  shift: false,
  repeat: false,
  ...over,
});

describe("the keyboard map", () => {
  it.each([
    ["F1", "help"],
    ["F2", "search"],
    ["F7", "last_sale"],
    ["F8", "register"],
    ["F9", "pay"],
    ["F10", "exact_cash"],
    ["F12", "lock"],
    ["*", "times"],
    ["+", "more"],
    ["-", "less"],
    ["Delete", "remove"],
    ["Backspace", "erase"],
    ["Enter", "confirm"],
    ["Escape", "back"],
  ])("%s means %s", (key, kind) => {
    expect(actionOf(press(key))).toEqual({ kind });
  });

  it("knows favourites, tenders, undo and search by their modifiers", () => {
    expect(actionOf(press("4", { ctrl: true }))).toEqual({ kind: "favourite", place: 4 });
    expect(actionOf(press("2", { alt: true }))).toEqual({ kind: "tender", place: 2 });
    expect(actionOf(press("z", { ctrl: true }))).toEqual({ kind: "undo" });
    expect(actionOf(press("f", { ctrl: true }))).toEqual({ kind: "search" });
    expect(actionOf(press("4"))).toEqual({ kind: "digit", digit: "4" });
  });

  it("leaves alone what it does not know, such as a printed code's control keys", () => {
    for (const key of ["j", "d", "w", "F5"]) expect(actionOf(press(key, { ctrl: true }))).toBeNull();
    expect(actionOf(press("a"))).toBeNull();
  });

  it("ignores a held Enter, F9 or F10: a habit must not pay twice", () => {
    for (const key of ["Enter", "F9", "F10", "Delete"]) expect(actionOf(press(key, { repeat: true }))).toBeNull();
    expect(actionOf(press("+", { repeat: true }))).toEqual({ kind: "more" });
  });

  it("walks back with Shift and Tab", () => {
    expect(actionOf(press("Tab", { shift: true }))).toEqual({ kind: "tab", back: true });
  });
});
