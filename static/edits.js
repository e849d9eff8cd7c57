// Edits and their undo: one place that speaks with the API, shared by all pages that may edit.

const words = JSON.parse(document.getElementById("words")?.textContent ?? "null");
const toast = document.getElementById("toast");
let hideLater;

/** Ask the API; throws what it says went wrong. */
export async function ask(method, path, body) {
  const answer = await fetch(words.api + path, {
    method,
    headers: body === undefined ? {} : { "content-type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const told = answer.status === 204 ? {} : await answer.json();
  if (!answer.ok) throw new Error(typeof told.detail === "string" ? told.detail : told.detail?.[0]?.msg);
  return { ...told, edit: told.edit ?? answer.headers.get("x-edit") };
}

/** Say what was done, and offer the way back. */
export function say(text, edits = [], after = () => location.reload()) {
  if (!toast) return;
  clearTimeout(hideLater);
  toast.querySelector("span").textContent = text;
  const undo = toast.querySelector("button");
  undo.hidden = !edits.length;
  undo.onclick = async () => {
    try {
      for (const edit of [...edits].reverse()) await ask("POST", `/edits/${edit}/undo`);
      say(words.undone);
      after();
    } catch (error) {
      say(`${words.failed} ${error.message}`);
    }
  };
  toast.hidden = false;
  hideLater = setTimeout(
    () => {
      toast.hidden = true;
    },
    edits.length ? 12000 : 5000,
  );
}

/** Do one action on one exchange; the answer tells the edit's number. */
export function act(action, exchange, body) {
  return action === "hide"
    ? ask("DELETE", `/exchanges/${exchange}`)
    : ask("POST", `/exchanges/${exchange}/${action}`, body);
}

/** Say that it failed, in the reader's language. */
export function failed(error) {
  say(`${words.failed} ${error.message}`);
}

export { words };

/** A button that asks the API for one thing, after which the page says how it is now. */
function askOnce(button, method, path) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await ask(method, path);
      location.reload();
    } catch (error) {
      failed(error);
    }
  });
}

for (const button of document.querySelectorAll("[data-undo]")) {
  askOnce(button, "POST", `/edits/${button.dataset.undo}/undo`);
}
for (const button of document.querySelectorAll("[data-withdraw]")) {
  askOnce(button, "DELETE", `/shares/${button.dataset.withdraw}`);
}
