// A talk: its tools for those who may edit, photos that open in place, voice notes, reading on.
import { bubbleTools } from "./bubble_tools.js";
import { followChapters } from "./chapter.js";
import { readOn } from "./conversation.js";
import { askFor, giveFile, giveLink } from "./dialog.js";
import { act, ask, failed, say, words } from "./edits.js";
import { findInChat } from "./find_in_chat.js";
import { littleMaps } from "./little_map.js";
import { openLook } from "./lightbox.js";
import { drawAlong } from "./timeline.js";
import { voices } from "./voice.js";

/** Make a talk that is on the page do all that it can. */
export function enliven(talk) {
  if (!talk) return;
  openLook(talk.querySelector(".bubbles"));
  const dress = voices(talk.querySelector(".bubbles"));
  littleMaps(talk);
  const giveTools = bubbleTools(talk);
  const mark = findInChat(talk);
  const changed = followChapters(talk);
  readOn(talk, (items) => {
    giveTools(items);
    dress(items);
    mark(items);
  });
  closeMenu(talk.querySelector(".talk-menu"));
  for (const button of talk.querySelectorAll("[data-script]")) button.dataset.ready = "";
  if (!talk.dataset.exchange) return;
  for (const button of talk.querySelectorAll(".talk-head [data-action]")) {
    button.addEventListener("click", () => use(talk, button, changed));
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

async function use(talk, button, changed) {
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
    changed(action, body);
    say(words.done[action], [told.edit]);
  } catch (error) {
    failed(error);
  }
}

enliven(document.querySelector(".talk"));
drawAlong(document.querySelector(".track"));
