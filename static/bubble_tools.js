// What can be done with one message: make it the heart of its talk, hide it, part the talk before it.
import { choosing } from "./choose.js";
import { ask, failed, say, words } from "./edits.js";
import { chapterOf } from "./reading_place.js";

/** Give each bubble of a talk that may be edited a button that opens its tools; gives a function for later ones. */
export function bubbleTools(talk) {
  const bubbles = talk?.querySelector(".bubbles");
  if (!bubbles || !talk.dataset.exchange) return () => {};
  const menu = document.createElement("div");
  menu.className = "bubble-menu";
  menu.setAttribute("role", "menu");
  menu.hidden = true;
  for (const action of ["highlight", "hide", "split"]) {
    const item = menu.appendChild(document.createElement("button"));
    item.className = "mem-button is-quiet";
    item.setAttribute("role", "menuitem");
    item.dataset.tool = action;
    item.textContent = words.tools[action];
  }
  giveButtons(bubbles.children);
  bubbles.addEventListener("click", (event) => {
    const button = event.target.closest(".bubble-open");
    if (button) open(menu, button);
    else touch(bubbles, event.target.closest(".bubble"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !menu.hidden) close(menu)?.focus();
  });
  chooseSeveral(talk, bubbles);
  menu.addEventListener("click", (event) => {
    const tool = event.target.dataset.tool;
    if (tool)
      act(tool, menu.closest(".bubble"))
        .catch(failed)
        .finally(() => close(menu));
  });
  return giveButtons;
}

function giveButtons(items) {
  for (const bubble of items) {
    if (!bubble.matches(".bubble")) continue;
    const button = document.createElement("button");
    button.className = "bubble-open";
    button.textContent = "⋯";
    button.setAttribute("aria-label", words.tools.open);
    button.setAttribute("aria-expanded", "false");
    bubble.append(button);
  }
}

/** The message that was touched shows its button, and no other one does. */
function touch(bubbles, bubble) {
  for (const other of bubbles.querySelectorAll(".is-touched")) other.classList.remove("is-touched");
  bubble?.classList.add("is-touched");
}

function open(menu, button) {
  const was = close(menu);
  if (was === button) return;
  button.after(menu);
  menu.hidden = false;
  button.setAttribute("aria-expanded", "true");
  menu.querySelector("button").focus();
  // On a phone the last tools would lie below the screen, or under what was just said at its foot.
  menu.scrollIntoView({ block: "nearest" });
}

function close(menu) {
  const button = menu.previousElementSibling;
  button?.setAttribute("aria-expanded", "false");
  menu.hidden = true;
  menu.remove();
  return button;
}

/** Several messages at once: hide them, or make them the heart of the talk. */
function chooseSeveral(talk, bubbles) {
  const button = talk.querySelector("[data-choose]");
  if (!button) return;
  const bar = document.createElement("div");
  bar.className = "mem-bar";
  bar.hidden = true;
  const count = bar.appendChild(document.createElement("span"));
  let chosen = new Set();
  for (const action of ["highlight", "hide", "cancel"]) {
    const item = bar.appendChild(document.createElement("button"));
    item.className = "mem-button";
    item.dataset.tool = action;
    item.textContent = words.tools[`${action}_several`] ?? words.tools[action];
  }
  talk.append(bar);
  const end = choosing(bubbles, ".bubble", button, (now) => {
    chosen = now ?? new Set();
    bar.hidden = !now;
    count.textContent = words.selected.replace("#", chosen.size);
  });
  bar.addEventListener("click", (event) => {
    const tool = event.target.dataset.tool;
    const items = [...chosen];
    if (!tool) return;
    if (tool === "cancel" || !items.length) end();
    else actOnSeveral(tool, items).then(end).catch(failed);
  });
}

async function actOnSeveral(tool, bubbles) {
  const numbers = bubbles.map((bubble) => Number(bubble.id.slice(1)));
  if (tool === "hide") {
    const told = await ask("DELETE", "/messages", { message_ids: numbers });
    for (const bubble of bubbles) bubble.hidden = true;
    say(words.done.hide, told.edit ? told.edit.split(",") : []);
    return;
  }
  const edits = [];
  for (const bubble of bubbles) {
    edits.push((await ask("POST", `/messages/${bubble.id.slice(1)}/highlight`, { on: true })).edit);
    bubble.classList.add("is-highlight");
  }
  say(words.tools.done_highlight, edits);
}

async function act(tool, bubble) {
  const message = Number(bubble.id.slice(1));
  if (tool === "highlight") {
    const on = !bubble.classList.contains("is-highlight");
    const told = await ask("POST", `/messages/${message}/highlight`, { on });
    bubble.classList.toggle("is-highlight", on);
    say(words.tools.done_highlight, [told.edit]);
  } else if (tool === "hide") {
    const told = await ask("DELETE", "/messages", { message_ids: [message] });
    bubble.hidden = true;
    say(words.done.hide, told.edit ? told.edit.split(",") : []);
  } else {
    const exchange = chapterOf(bubble).dataset.exchange;
    const told = await ask("POST", `/exchanges/${exchange}/split`, { message_id: message });
    for (let next = bubble; next && !next.matches(".part"); next = next.nextElementSibling) next.hidden = true;
    say(words.tools.done_split, [told.edit]);
  }
}
