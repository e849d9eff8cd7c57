// The list of memories: goes on by itself, and lets several be chosen.
import { choosing } from "./choose.js";
import { askFor } from "./dialog.js";
import { act, ask, failed, say, words } from "./edits.js";
import { goOn } from "./endless_list.js";
import { panes } from "./two_panes.js";
import { recycle } from "./virtual_list.js";

const list = document.getElementById("memories");
const filters = document.querySelector(".mem-filters");
const select = document.getElementById("select");
const bar = document.getElementById("bar");

filters?.addEventListener("change", () => filters.requestSubmit());
goOn(document.getElementById("more"), list, "#memories > .mem-item", recycle(list));
panes(list, document.getElementById("pane"), document.getElementById("panes"));

if (select && bar) {
  let chosen = new Set();
  const end = choosing(list, "[data-exchange]", select, (now) => {
    chosen = now ?? new Set();
    bar.hidden = !now;
    bar.querySelector("#count").textContent = words.selected.replace("#", chosen.size);
    for (const button of bar.querySelectorAll("[data-action=merge]")) button.disabled = chosen.size < 2;
  });
  bar.addEventListener("click", (event) => {
    const action = event.target.dataset?.action;
    if (!action) return;
    const items = [...chosen];
    if (action === "cancel" || !items.length) end();
    else use(action, items).then(end).catch(failed);
  });
}

async function use(action, items) {
  const numbers = items.map((item) => Number(item.dataset.exchange));
  let body;
  if (action in words.ask) {
    const said = await askFor(words.ask[action]);
    if (said === null) return;
    body = { [action === "retitle" ? "title" : "note"]: said };
  }
  const edits = [];
  if (action === "merge") edits.push((await ask("POST", "/exchanges/merge", { exchange_ids: numbers })).edit);
  else for (const number of numbers) edits.push((await act(action, number, body)).edit);
  if (["hide", "restore", "merge"].includes(action)) {
    const stays = action === "merge" ? Math.min(...numbers) : null;
    for (const item of items) if (Number(item.dataset.exchange) !== stays) item.remove();
  }
  say(words.done[action], edits);
}
