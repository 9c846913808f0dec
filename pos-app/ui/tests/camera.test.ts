/** A code held up to a camera: offered where there is one, and a scan like any other. */

import { afterEach, describe, expect, it } from "vitest";

import * as night from "./fixtures";
import { find, key, open, sees, selling, settle, tap } from "./hands";

afterEach(() => {
  Reflect.deleteProperty(navigator, "mediaDevices");
});

/** A machine with these devices, whose camera opens or not. */
function plugIn(kinds: string[], getUserMedia: () => Promise<MediaStream>): void {
  const media = Object.assign(new EventTarget(), {
    enumerateDevices: () => Promise.resolve(kinds.map((kind) => ({ kind }))),
    getUserMedia,
  });
  Object.defineProperty(navigator, "mediaDevices", { value: media, configurable: true });
}

const refuses = () => Promise.reject(new Error("in use"));
const ticket = { kind: "ticket", ticket: night.ticket("valid") } as const;

describe("the camera", () => {
  it("is not offered where there is none", async () => {
    plugIn(["audioinput"], refuses);
    const { till } = await open(selling());
    till.go("redeem");
    await settle();
    expect(sees("to-camera")).toBe(false);
  });

  it("says so when it does not open, and leaves with Escape", async () => {
    plugIn(["audioinput", "videoinput"], refuses);
    const { till } = await open(selling());
    till.go("redeem");
    await settle();
    await tap("to-camera");
    expect(find("camera-shut").textContent).toContain("no se abre");
    await key("Escape");
    expect(sees("camera-panel")).toBe(false);
  });

  it("is let go when its panel closes, also when it opened only then", async () => {
    const stopped: string[] = [];
    const stream = (name: string) =>
      ({ getTracks: () => [{ stop: () => stopped.push(name) }] }) as unknown as MediaStream;
    let give: (one: MediaStream) => void = () => {};
    plugIn(["videoinput"], () => new Promise((done) => (give = done)));
    const { till } = await open(selling());
    till.go("redeem");
    await settle();
    await tap("to-camera");
    give(stream("at once"));
    await settle();
    await key("Escape");
    await tap("to-camera");
    await key("Escape");
    give(stream("too late"));
    await settle();
    expect(stopped).toEqual(["at once", "too late"]);
  });

  it("reads one scan of a paper held still, and closes on it", async () => {
    plugIn(["videoinput"], refuses);
    const { core, till } = await open(selling({ "scan.route": () => ticket, "scan.frame": () => ({ codes: ["T1X"] }) }));
    till.panel = "camera";
    expect(await till.readFrame({ width: 32, height: 32, luma: "" })).toEqual(["T1X"]);
    till.seen("T1X", 1_000);
    till.seen("T1X", 1_500);
    await settle();
    expect(till.panel).toBeNull();
    expect(core.argsOf("scan.route")).toEqual([{ code: "T1X" }]);
    expect(find("verdict").dataset.verdict).toBe("valid");
  });
});
