// What a person or a chat is called, who is the same, who is "me"; exports that are parted, taken out or forgotten.

import { ask, failed } from "./edits.js";

/** What is gone after it, and where one goes then. */
const HOME = document.querySelector(".mem-brand")?.href ?? "/";

/** What a form asks the API for. */
function bodyOf(form) {
  const given = new FormData(form);
  const numbers = (name) => given.getAll(name).map(Number);
  switch (form.dataset.action) {
    case "rename":
      return { name: given.get("name") };
    case "join":
      return given.has("chat_ids") ? { chat_ids: numbers("chat_ids") } : { person_ids: numbers("person_ids") };
    case "part":
      return given.has("name") ? { source_ids: numbers("source_ids"), name: given.get("name") } : undefined;
    case "me":
      return { on: given.get("on") === "1" };
    case "forget":
      return { for_good: given.has("for_good") };
    default:
      return undefined;
  }
}

/** Ask while the form waits; then show the page anew, or the first one where this one is gone. */
async function change(form, method, path, body, isGone) {
  const buttons = form.querySelectorAll("button");
  for (const button of buttons) button.disabled = true;
  try {
    await ask(method, path, body);
    if (isGone) location.assign(HOME);
    else location.reload();
  } catch (error) {
    failed(error);
    for (const button of buttons) button.disabled = false;
  }
}

for (const about of document.querySelectorAll("[data-naming]")) {
  about.hidden = false;
  about.addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.target;
    const action = form.dataset.action;
    change(form, "POST", `${about.dataset.naming}/${action}`, bodyOf(form), action === "forget");
  });
  about.addEventListener("click", (event) => {
    const { remove, forget, sure } = event.target.dataset;
    if (!sure || !confirm(sure)) return;
    const isLast = about.querySelectorAll("[data-remove]").length === 1;
    if (remove) change(event.target.form, "DELETE", `/sources/${remove}`, undefined, isLast);
    else change(event.target.form, "POST", `/sources/${forget}/forget`, { for_good: true }, isLast);
  });
}
