// A talk: its tools for those who may edit, and photos that open in place.
import { act, ask, failed, say, words } from "./edits.js";
import { bubbleTools } from "./bubble_tools.js";
import { openLook } from "./look.js";
import { readOn } from "./read_on.js";
import { speeds } from "./voice.js";

openLook(document.querySelector(".bubbles"));
speeds(document.querySelector(".bubbles"));
readOn(document.querySelector(".talk"));
bubbleTools(document.querySelector(".talk"));

/** Make a link to this talk and show it, to be copied. */
async function share() {
  try {
    const made = await ask("POST", "/shares", { exchange_id: Number(talk.dataset.exchange), days: 30 });
    prompt(words.ask.share, new URL(made.path, location.href).href);
  } catch (error) {
    failed(error);
  }
}

const talk = document.querySelector("[data-exchange]");
for (const button of talk?.querySelectorAll("[data-action]") ?? []) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const action = button.dataset.action;
    if (action === "share") return share();
    let body;
    if (action in words.ask) {
      const said = prompt(words.ask[action], button.dataset.was);
      if (said === null) return;
      body = { [action === "retitle" ? "title" : "note"]: said };
    }
    try {
      const told = await act(action, talk.dataset.exchange, body);
      if (action === "hide") talk.classList.add("is-hidden");
      if (action === "retitle") talk.querySelector("h1").textContent = body.title;
      say(words.done[action], [told.edit]);
      if (action === "star" || action === "unstar") button.disabled = true;
    } catch (error) {
      failed(error);
    }
  });
}
