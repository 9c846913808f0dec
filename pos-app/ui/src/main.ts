import "@fontsource-variable/archivo/wdth.css";
import "../../../shared/ui/tokens.css";
import "./styles/base.css";

import { mount } from "svelte";

import App from "./App.svelte";
import { Core } from "./lib/api/commands";
import "./lib/theme.svelte";
import { tauri } from "./lib/api/tauri";
import { Till } from "./lib/till.svelte";

const target = document.getElementById("till");
if (target !== null) mount(App, { target, props: { till: new Till(new Core(tauri)) } });
