// What can be done with one message: make it the heart of its talk, hide it, part the talk before it.
import { ask, failed, say, words } from "./edits.js";

/** Give each bubble of a talk that may be edited a button that opens its tools. */
export function bubbleTools(talk) {
  const bubbles = talk?.querySelector(".bubbles");
  if (!bubbles || !talk.dataset.exchange) return;
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
  for (const bubble of bubbles.querySelectorAll(".bubble")) {
    const button = document.createElement("button");
    button.className = "bubble-open";
    button.textContent = "⋯";
    button.setAttribute("aria-label", words.tools.open);
    button.setAttribute("aria-expanded", "false");
    bubble.append(button);
  }
  bubbles.addEventListener("click", (event) => {
    const button = event.target.closest(".bubble-open");
    if (button) open(menu, button);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !menu.hidden) close(menu)?.focus();
  });
  menu.addEventListener("click", (event) => {
    const tool = event.target.dataset.tool;
    if (tool) act(tool, menu.closest(".bubble"), talk.dataset.exchange).catch(failed).finally(() => close(menu));
  });
}

function open(menu, button) {
  const was = close(menu);
  if (was === button) return;
  button.after(menu);
  menu.hidden = false;
  button.setAttribute("aria-expanded", "true");
  menu.querySelector("button").focus();
}

function close(menu) {
  const button = menu.previousElementSibling;
  button?.setAttribute("aria-expanded", "false");
  menu.hidden = true;
  menu.remove();
  return button;
}

async function act(tool, bubble, exchange) {
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
    const told = await ask("POST", `/exchanges/${exchange}/split`, { message_id: message });
    for (let next = bubble; next; next = next.nextElementSibling) next.hidden = true;
    say(words.tools.done_split, [told.edit]);
  }
}
