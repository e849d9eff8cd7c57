// A talk: its tools for those who may edit, photos that open in place, voice notes, reading on.
import { bubbleTools } from "./bubble_tools.js";
import { act, ask, failed, say, words } from "./edits.js";
import { littleMaps } from "./little_map.js";
import { openLook } from "./look.js";
import { readOn } from "./read_on.js";
import { speeds } from "./voice.js";

/** Make a talk that is on the page do all that it can. */
export function enliven(talk) {
  if (!talk) return;
  openLook(talk.querySelector(".bubbles"));
  speeds(talk.querySelector(".bubbles"));
  littleMaps(talk);
  readOn(talk);
  bubbleTools(talk);
  for (const button of talk.querySelectorAll("[data-script]")) button.dataset.ready = "";
  if (!talk.dataset.exchange) return;
  for (const button of talk.querySelectorAll(".talk-tools [data-action]")) {
    button.addEventListener("click", () => use(talk, button));
  }
}

async function use(talk, button) {
  const action = button.dataset.action;
  let body;
  if (action !== "share" && action in words.ask) {
    const said = prompt(words.ask[action], button.dataset.was);
    if (said === null) return;
    body = { [action === "retitle" ? "title" : "note"]: said };
  }
  try {
    if (action === "share") {
      const made = await ask("POST", "/shares", { exchange_id: Number(talk.dataset.exchange), days: 30 });
      prompt(words.ask.share, new URL(made.path, location.href).href);
      return;
    }
    const told = await act(action, talk.dataset.exchange, body);
    if (action === "hide") talk.classList.add("is-hidden");
    if (action === "restore") talk.classList.remove("is-hidden");
    if (action === "retitle") talk.querySelector("h1").textContent = body.title;
    say(words.done[action], [told.edit]);
    if (action === "star" || action === "unstar" || action === "restore") button.disabled = true;
  } catch (error) {
    failed(error);
  }
}

enliven(document.querySelector(".talk"));
