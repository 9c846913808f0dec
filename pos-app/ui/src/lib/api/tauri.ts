/** The window's way to the core: one Tauri command in, one event out. */

import { invoke } from "@tauri-apps/api/core";
import { listen } from "@tauri-apps/api/event";

import type { Notice } from "./generated";
import type { Transport } from "./transport";

export const tauri: Transport = {
  call: (name, args) => invoke("command", { name, args }),
  listen: (hear) => listen<Notice>("notice", (event) => hear(event.payload)),
};
