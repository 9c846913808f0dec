// Fonts first: the tokens name them.
import "@fontsource-variable/archivo/wdth.css";
import "../../../shared/ui/tokens.css";
import "./app.css";

import { mount } from "svelte";

import App from "./App.svelte";

const target = document.getElementById("app");
if (target) mount(App, { target });
