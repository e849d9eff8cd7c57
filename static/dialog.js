// A small question in the page: a line to write, a link to copy, a file to save.

import { words } from "./edits.js";

/** Put `content` (elements) into a dialog over the page; resolves to what `answer()` says then, or to null. */
function over(content, yes, answer) {
  const dialog = document.createElement("dialog");
  dialog.className = "mem-dialog";
  const form = dialog.appendChild(document.createElement("form"));
  form.method = "dialog";
  const ways = document.createElement("p");
  for (const [text, value] of [[words.dialog.cancel, ""], [yes, "yes"]]) {
    if (!text) continue;
    const button = ways.appendChild(document.createElement("button"));
    button.className = value ? "mem-button" : "mem-button is-quiet";
    button.value = value;
    button.textContent = text;
    if (!value) button.type = "button";
    if (!value) button.addEventListener("click", () => dialog.close(""));
  }
  form.append(...content, ways);
  document.body.append(dialog);
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close("");
  });
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      done(dialog.returnValue === "yes" ? answer() : null);
      dialog.remove();
    });
  });
}

function line(question, value) {
  const label = document.createElement("label");
  label.append(question);
  const field = label.appendChild(document.createElement("input"));
  field.value = value;
  field.dir = "auto";
  return [label, field];
}

/** What somebody writes; null where they would rather not. */
export function askFor(question, value = "") {
  const [label, field] = line(question, value);
  const asked = over([label], words.dialog.save, () => field.value);
  field.select();
  return asked;
}

/** Show a link that somebody may copy. */
export async function giveLink(text, address) {
  const [label, field] = line(text, address);
  field.readOnly = true;
  const given = over([label], words.dialog.copy, () => true);
  field.select();
  if (await given) await navigator.clipboard?.writeText(address).catch(() => {});
}

/** Where a link would help nobody: say so, and offer the talk as a file. */
export function giveFile(talk) {
  const said = document.createElement("p");
  said.textContent = words.dialog.local;
  const way = document.createElement("a");
  way.className = "mem-button";
  way.href = `${words.dialog.story}?talk=${talk}`;
  way.download = "";
  way.textContent = words.dialog.file;
  return over([said, way], "", () => null);
}
