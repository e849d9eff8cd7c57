// The list on the left, the talk on the right, where there is room for both. The address says which; back goes back.
import { enliven } from "./talk.js";

const wide = matchMedia("(min-width: 70rem)");

/** Open talks of `list` in `pane`. Without this, and on a phone, a talk is a page of its own. */
export function panes(list, pane, frame) {
  if (!list || !pane) return;
  list.addEventListener("click", (event) => {
    const card = event.target.closest(".mem-card");
    if (!card || !wide.matches || event.defaultPrevented || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (list.classList.contains("is-selecting")) return;
    event.preventDefault();
    const address = new URL(location.href);
    address.searchParams.set("talk", card.pathname.split("/").pop());
    open(address, card.href).then((isThere) => {
      if (!isThere) return;
      history.pushState(null, "", address);
      mark();
    });
  });
  addEventListener("popstate", () => {
    if (new URL(location.href).searchParams.has("talk")) open(location, location);
    else show([]);
  });

  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || event.defaultPrevented || !pane.querySelector(".talk")) return;
    if (event.target.closest("dialog, details[open], input, .bubble-menu")) return;
    const address = new URL(location.href);
    address.searchParams.delete("talk");
    history.pushState(null, "", address);
    show([]);
  });

  mark();

  async function open(address, otherwise) {
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok) {
      location.href = otherwise;
      return false;
    }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    show([...page.getElementById("pane").childNodes].map((node) => document.importNode(node, true)));
    pane.scrollTo(0, 0);
    return true;
  }

  function show(nodes) {
    pane.replaceChildren(...nodes);
    frame.classList.toggle("has-talk", pane.querySelector(".talk") !== null);
    enliven(pane.querySelector(".talk"));
    mark();
  }

  function mark() {
    const number = new URL(location.href).searchParams.get("talk");
    for (const card of list.querySelectorAll("[aria-current]")) card.removeAttribute("aria-current");
    if (number) list.querySelector(`a[href$="/talk/${Number(number)}"]`)?.setAttribute("aria-current", "true");
  }
}
