// A talk: its tools for those who may edit, photos that open in place, voice notes, reading on.
import { bubbleTools } from "./bubble_tools.js";
import { readOn } from "./conversation.js";
import { askFor, giveFile, giveLink } from "./dialog.js";
import { act, ask, failed, say, words } from "./edits.js";
import { findInChat } from "./find.js";
import { littleMaps } from "./little_map.js";
import { openLook } from "./look.js";
import { speeds } from "./voice.js";

/** Make a talk that is on the page do all that it can. */
export function enliven(talk) {
  if (!talk) return;
  openLook(talk.querySelector(".bubbles"));
  speeds(talk.querySelector(".bubbles"));
  littleMaps(talk);
  const giveTools = bubbleTools(talk);
  const mark = findInChat(talk);
  readOn(talk, (items) => {
    giveTools(items);
    mark(items);
  });
  closeMenu(talk.querySelector(".talk-menu"));
  for (const button of talk.querySelectorAll("[data-script]")) button.dataset.ready = "";
  if (!talk.dataset.exchange) return;
  for (const button of talk.querySelectorAll(".talk-head [data-action]")) {
    button.addEventListener("click", () => use(talk, button));
  }
}

/** A menu goes when something of it was chosen, with Escape, and when one goes on elsewhere. */
function closeMenu(menu) {
  if (!menu) return;
  const close = () => (menu.open = false);
  document.addEventListener("click", (event) => {
    if (!menu.contains(event.target) || event.target.closest("button.entry")) close();
  });
  menu.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || !menu.open) return;
    close();
    menu.querySelector("summary").focus();
  });
}

async function use(talk, button) {
  const action = button.dataset.action;
  let body;
  if (action !== "share" && action in words.ask) {
    const said = await askFor(words.ask[action], button.dataset.was);
    if (said === null) return;
    body = { [action === "retitle" ? "title" : "note"]: said };
  }
  try {
    if (action === "share" && words.dialog.isLocal) return void (await giveFile(talk.dataset.exchange));
    if (action === "share") {
      const made = await ask("POST", "/shares", { exchange_id: Number(talk.dataset.exchange), days: 30 });
      await giveLink(words.ask.share, new URL(made.path, location.href).href);
      return;
    }
    const told = await act(action, talk.dataset.exchange, body);
    if (action === "hide") talk.classList.add("is-hidden");
    if (action === "restore") talk.classList.remove("is-hidden");
    if (action === "retitle") talk.querySelector("h1").textContent = body.title;
    if (action === "retitle" || action === "note") button.dataset.was = Object.values(body)[0];
    say(words.done[action], [told.edit]);
    if (action === "star" || action === "unstar") turn(button, action === "star");
    if (action === "restore") button.disabled = true;
  } catch (error) {
    failed(error);
  }
}

/** The star says what is so now, and what a touch would do. */
function turn(button, isOn) {
  button.classList.toggle("is-on", isOn);
  button.dataset.action = isOn ? "unstar" : "star";
  button.title = isOn ? button.dataset.unstar : button.dataset.star;
  button.setAttribute("aria-label", button.title);
}

enliven(document.querySelector(".talk"));
