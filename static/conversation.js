// A conversation without end: what came before and after a talk is there before it is asked for.
import { recycle } from "./virtual_list.js";
import { follow } from "./reading_place.js";

/** What is nearer than this to what is seen is fetched, in pixels. */
const NEAR = 1400;

/** Make the links "before" and "after" of a talk read on in place, by themselves. `came(items)` is told of new ones. */
export function readOn(talk, came) {
  const bubbles = talk.querySelector(".bubbles");
  if (!bubbles) return;
  const added = recycle(bubbles);
  const links = { prev: talk.querySelector("[rel=prev]"), next: talk.querySelector("[rel=next]") };
  const ends = { prev: dayOf(bubbles.firstElementChild), next: lastDay(bubbles) };
  const isPage = document.body.classList.contains("memories-talk");
  const pane = talk.closest(".pane");
  const scroller = () =>
    pane && getComputedStyle(pane).overflowY === "auto" ? pane : document.scrollingElement;

  if (isPage && !location.hash && talk.parentElement.dataset.atEnd !== undefined) {
    scroller().scrollTo(0, scroller().scrollHeight);
  }
  let busy = false;
  const goOn = async () => {
    if (busy || navigator.connection?.saveData || talk.querySelector(".is-selecting")) return;
    const way = isNear(links.next) ? "next" : isNear(links.prev) ? "prev" : null;
    if (!way) return;
    busy = true;
    const isThere = await fetchPart(way);
    busy = false;
    if (isThere) requestAnimationFrame(goOn);
  };
  for (const way of ["prev", "next"]) {
    links[way]?.addEventListener("click", (event) => {
      if (event.metaKey || event.ctrlKey || event.shiftKey) return;
      event.preventDefault();
      if (!busy) fetchPart(way);
    });
  }

  async function fetchPart(way) {
    const link = links[way];
    const address = new URL(link.href);
    address.searchParams.set("part", "1");
    address.searchParams.set("way", way);
    const as = new URLSearchParams(location.search).get("as");
    if (as) address.searchParams.set("as", as);
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok) return false; // the link itself still works
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    put(page.querySelector("ol"), way);
    return true;
  }

  function put(part, way) {
    const items = [...part.children].map((item) => document.importNode(item, true));
    const seenFirst = bubbles.firstElementChild;
    const top = seenFirst.getBoundingClientRect().top;
    const days = items.filter((item) => item.matches(".day"));
    if (way === "next") {
      if (dayOf(days[0]) === ends.next) items.splice(items.indexOf(days[0]), 1);
      ends.next = dayOf(days.at(-1)) ?? ends.next;
      bubbles.append(...items);
    } else {
      const first = [...bubbles.children].slice(0, 3).find((item) => item.matches(".day"));
      if (first && dayOf(days.at(-1)) === dayOf(first)) first.remove();
      bubbles.prepend(...items);
      // What was being read stays where it is.
      keepPlace(seenFirst.getBoundingClientRect().top - top);
    }
    bubbles.classList.toggle("is-long", bubbles.children.length > 300);
    const on = part.dataset[way];
    if (on) links[way].href = on;
    else {
      links[way].parentElement.remove();
      links[way] = null;
    }
    added();
    came(items);
  }

  /** Scroll by so much; where there is too little below for that, there is room from now on. */
  function keepPlace(by) {
    const { scrollTop, scrollHeight, clientHeight } = scroller();
    const lacks = scrollTop + by - (scrollHeight - clientHeight);
    if (lacks > 0) bubbles.style.paddingBottom = `${parseFloat(getComputedStyle(bubbles).paddingBottom) + lacks}px`;
    scroller().scrollBy({ top: by, behavior: "instant" });
  }

  addEventListener("scroll", goOn, { passive: true, capture: true });
  // The first ones come once the page is there: nothing that is read waits for them.
  if (document.readyState === "complete") setTimeout(goOn, 50);
  else addEventListener("load", () => setTimeout(goOn, 50));
  follow(talk, bubbles, isPage);
}

function isNear(link) {
  if (!link?.isConnected) return false;
  const place = link.getBoundingClientRect();
  return place.top < innerHeight + NEAR && place.bottom > -NEAR;
}

function dayOf(item) {
  return item?.querySelector("time")?.getAttribute("datetime")?.slice(0, 10) ?? item?.dataset.at;
}

function lastDay(bubbles) {
  return dayOf([...bubbles.querySelectorAll(".day")].at(-1)) ?? dayOf(bubbles.firstElementChild);
}
