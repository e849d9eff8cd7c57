// What a person or a chat is called, who is the same person, and who is "me".

import { ask, failed } from "./edits.js";

const about = document.querySelector("[data-naming]");

/** What a form asks the API for. */
function bodyOf(form) {
  const given = new FormData(form);
  switch (form.dataset.action) {
    case "rename": return { name: given.get("name") };
    case "join": return { person_ids: [Number(given.get("person_ids"))] };
    case "me": return { on: given.get("on") === "1" };
    default: return undefined;
  }
}

async function send(event) {
  event.preventDefault();
  try {
    await ask("POST", `${about.dataset.naming}/${event.target.dataset.action}`, bodyOf(event.target));
    location.reload();
  } catch (error) {
    failed(error);
  }
}

if (about) {
  about.hidden = false;
  for (const form of about.querySelectorAll("form")) form.addEventListener("submit", send);
}
