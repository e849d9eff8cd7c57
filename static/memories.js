// The list of memories: goes on by itself, and lets several be chosen.
import { act, ask, failed, say, words } from "./edits.js";

const list = document.getElementById("memories");
const more = document.getElementById("more");
const filters = document.querySelector(".mem-filters");

filters?.addEventListener("change", () => filters.requestSubmit());

if (more && "IntersectionObserver" in window) {
  let isLoading = false;
  const watcher = new IntersectionObserver(async ([entry]) => {
    if (!entry.isIntersecting || isLoading) return;
    isLoading = true;
    const answer = await fetch(more.href).catch(() => null);
    isLoading = false;
    if (!answer?.ok) return; // the link is still there
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    list.append(...page.querySelectorAll("#memories > .mem-item"));
    const next = page.getElementById("more");
    if (next) more.href = next.href;
    else {
      watcher.disconnect();
      more.parentElement.remove();
    }
  }, { rootMargin: "800px" });
  watcher.observe(more);
}

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
