// Reading on: what came before and after a talk is put where its button is, talk after talk, without end.

import { recycle } from "./recycle.js";

/** So many pixels before the end, what follows is fetched. */
const NEAR = 600;

/** Make the buttons "before" and "after" of a talk read on in place. Without this they are links. */
export function readOn(talk) {
  const more = talk.querySelector("nav.talk-more");
  const bubbles = talk.querySelector(".bubbles");
  if (!more || !bubbles) return;
  const added = recycle(bubbles);
  // Once somebody reads on, what follows is there before it is asked for.
  const goOn = () => {
    const next = more.isConnected && more.querySelector("[rel=next]");
    if (!next) removeEventListener("scroll", goOn, { capture: true });
    else if (more.dataset.reads && isNear(next)) fetchMore(next, bubbles, added);
  };
  addEventListener("scroll", goOn, { passive: true, capture: true }); // of the page or of a pane
  for (const link of talk.querySelectorAll("[rel=prev], [rel=next]")) {
    link.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      more.dataset.reads = "on";
      fetchMore(link, bubbles, added);
    });
  }
}

function isNear(link) {
  return link.isConnected && link.getBoundingClientRect().top < innerHeight + NEAR;
}

async function fetchMore(link, bubbles, added) {
  if (link.dataset.busy) return;
  link.dataset.busy = "1";
  const address = new URL(link.href);
  const as = new URLSearchParams(location.search).get("as");
  if (as) address.searchParams.set("as", as);
  try {
    const answer = await fetch(address);
    if (!answer.ok) throw new Error(answer.statusText);
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    put(page, link, bubbles);
    added();
    const next = page.querySelector(`.talk-more [rel=${link.rel}]`);
    if (next) link.href = next.getAttribute("href");
    else link.remove();
  } catch {
    location.href = link.href; // the link itself still works
  }
  delete link.dataset.busy;
  // A short talk may leave the button in sight, and then nothing tells that it came into it.
  if (link.rel === "next" && isNear(link)) {
    setTimeout(() => fetchMore(link, bubbles, added), 50);
  }
}

function put(page, link, bubbles) {
  const items = [...page.querySelectorAll(".bubbles > li")].map((item) => document.importNode(item, true));
  const head = document.createElement("li");
  head.className = "part";
  const way = head.appendChild(document.createElement("a"));
  way.href = new URL(link.href).pathname;
  way.textContent = page.querySelector("h1")?.textContent ?? "";
  way.dir = "auto";
  bubbles.classList.add("is-long");
  if (link.rel === "next") {
    bubbles.append(head, ...items);
    return;
  }
  const height = document.documentElement.scrollHeight;
  bubbles.prepend(head, ...items);
  // What was being read stays where it is.
  scrollBy(0, document.documentElement.scrollHeight - height);
}
