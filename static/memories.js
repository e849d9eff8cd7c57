// The list of memories: goes on by itself, and lets several be chosen.
import { act, ask, failed, say, words } from "./edits.js";
import { goOn } from "./more.js";
import { panes } from "./panes.js";

const list = document.getElementById("memories");
const filters = document.querySelector(".mem-filters");

filters?.addEventListener("change", () => filters.requestSubmit());

goOn(document.getElementById("more"), list, "#memories > .mem-item");

panes(list, document.getElementById("pane"), document.getElementById("panes"));

const select = document.getElementById("select");
const bar = document.getElementById("bar");
if (select && bar) {
  const chosen = new Set();
  const show = () => {
    bar.querySelector("#count").textContent = words.selected.replace("#", chosen.size);
    bar.querySelector("[data-action=merge]").disabled = chosen.size < 2;
  };
  const mode = (on) => {
    select.setAttribute("aria-pressed", on);
    list.classList.toggle("is-selecting", on);
    bar.hidden = !on;
    if (!on) {
      chosen.clear();
      for (const item of list.querySelectorAll(".is-chosen")) item.classList.remove("is-chosen");
    }
    show();
  };
  select.hidden = false;
  select.addEventListener("click", () => mode(select.getAttribute("aria-pressed") !== "true"));
  list.addEventListener("click", (event) => {
    const item = event.target.closest("[data-exchange]");
    if (!item || !list.classList.contains("is-selecting")) return;
    event.preventDefault();
    const number = Number(item.dataset.exchange);
    if (item.classList.toggle("is-chosen")) chosen.add(number);
    else chosen.delete(number);
    show();
  });
  bar.addEventListener("click", async (event) => {
    const action = event.target.dataset?.action;
    if (!action) return;
    if (action === "cancel" || !chosen.size) return mode(false);
    const numbers = [...chosen];
    try {
      const edits = [];
      if (action === "merge") edits.push((await ask("POST", "/exchanges/merge", { exchange_ids: numbers })).edit);
      else for (const number of numbers) edits.push((await act(action, number)).edit);
      if (action !== "star") {
        const gone = action === "merge" ? numbers.filter((n) => n !== Math.min(...numbers)) : numbers;
        for (const number of gone) list.querySelector(`[data-exchange="${number}"]`)?.remove();
      }
      mode(false);
      say(words.done[action], edits);
    } catch (error) {
      failed(error);
    }
  });
}
