// What a conversation says of the place where one reads: the address, the date in the head, the day that passes, the
// mark beside the years, the next memory.

/** Below the head: the talk that is there is the one that is being read, in pixels. */
const READ_AT = 140;
/** So long after somebody scrolled it is looked where one is, and so long the day stays, in ms. */
const SOON = 120;
const STAYS = 1200;
const NEXT_STAYS = 4000;
/** So long a page may take until it gives way to the one that was asked for, in ms. */
const LEAVES = 1500;
/** So long what comes is fitted around the place that somebody returned to, in ms. */
const RETURNS = 4000;

/** The address is the one that was asked for until somebody scrolls. */
let scrolled = false;
for (const how of ["wheel", "touchmove", "keydown", "pointerdown"]) {
  addEventListener(how, () => (scrolled = true), { passive: true, once: true });
}

/** Whoever goes on elsewhere is not held back by an address that follows. */
let leaving = 0;
const leave = () => (leaving = Date.now());
for (const how of ["beforeunload", "leaving"]) addEventListener(how, leave);
addEventListener("click", (event) => event.target.closest?.("a[href]") && leave());

/** Keep what `talk` says of the place true, from now on. The address follows on a page that is nothing else. */
export function follow(talk, bubbles, isPage) {
  const dayNow = isPage && document.createElement("span");
  if (dayNow) {
    talk.querySelector(".talk-head").after(dayNow);
    dayNow.className = "day-now";
    dayNow.setAttribute("aria-hidden", "true");
  }
  let waits = 0;
  let fades = 0;
  let known = null;
  if (isPage) {
    history.scrollRestoration = "manual";
    returnTo(bubbles);
  }
  const look = (isMoved) => {
    waits = 0;
    const item = inSight(bubbles);
    const chapter = chapterOf(item);
    if (!chapter) return;
    if (chapter !== known) talk.dispatchEvent(new CustomEvent("chapter", { detail: chapter }));
    known = chapter;
    showWhere(talk, chapter, isPage);
    talk.querySelector("[data-now]").textContent = dayIn(item);
    if (isMoved) showNext(talk);
    if (!dayNow || !isMoved || !scrolled) return;
    dayNow.textContent = dayIn(item);
    dayNow.classList.add("is-there");
    clearTimeout(fades);
    fades = setTimeout(() => dayNow.classList.remove("is-there"), STAYS);
  };
  addEventListener("scroll", () => (waits ||= setTimeout(look, SOON, true)), { passive: true, capture: true });
  look();
  showNext(talk);
}

/** The item that names the talk of `item`: the last one before it that has a number. */
export function chapterOf(item) {
  let found = item;
  while (found && !found.dataset.talk) found = found.previousElementSibling;
  return found;
}

/** The day of an item, as its reader writes it. */
function dayIn(item) {
  let found = item;
  while (found && !found.dataset.day && !found.matches(".day")) found = found.previousElementSibling;
  return found?.dataset.day ?? found?.textContent ?? "";
}

/** The first item that ends below the head: items follow one another, so that half of them is left with each look. */
function inSight(bubbles) {
  const items = bubbles.children;
  let [low, high] = [0, items.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    let at = middle;
    while (at < high && !items[at].getClientRects().length) at += 1; // what was hidden is nowhere
    if (items[at].getBoundingClientRect().bottom > READ_AT || at === high) high = middle;
    else low = at + 1;
  }
  while (low > 0 && !items[low].getClientRects().length) low -= 1;
  return items[low] ?? null;
}

function showWhere(talk, chapter, isPage) {
  const { at, memory, memoryTitle, memoryDay } = chapter.dataset;
  const next = talk.querySelector(".next-memory");
  // What is in sight already is not pointed at.
  const number = memory?.split("/").pop();
  const there = number && talk.querySelector(`.part[data-talk="${number}"]`);
  next.hidden = !memory || (there && there.getBoundingClientRect().top < innerHeight);
  if (memory) {
    next.href = memory;
    next.querySelector("[data-words]").textContent = memoryTitle;
    next.querySelector("[data-day]").textContent = memoryDay;
  }
  if (!isPage) return;
  const track = document.querySelector(".track");
  const [from, to] = [track?.dataset.from, track?.dataset.to].map((time) => Date.parse(time));
  if (from < to) {
    let here = track.querySelector(".track-here");
    if (!here) {
      here = track.appendChild(document.createElement("span"));
      here.className = "track-here";
    }
    here.style.top = `${(100 * (Date.parse(at) - from)) / (to - from)}%`;
  }
  if (scrolled && Date.now() - leaving > LEAVES) {
    const address = new URL(location.href);
    address.pathname = address.pathname.replace(/\/(?:talk|chats)\/\d+\/?$/, `/talk/${chapter.dataset.talk}`);
    address.searchParams.delete("day");
    const bubble = bubbleAt(talk.querySelector(".bubbles"));
    address.hash = bubble?.id ?? "";
    const place = bubble && { id: bubble.id, top: Math.round(bubble.getBoundingClientRect().top) };
    history.replaceState({ ...history.state, place }, "", address);
  }
}

/** The first message below the head that is in sight. */
function bubbleAt(bubbles) {
  let item = inSight(bubbles);
  while (item && !item.matches(".bubble, .notice")) item = item.nextElementSibling;
  while (item && item.getBoundingClientRect().bottom < READ_AT) item = item.nextElementSibling;
  return item?.id ? item : null;
}

/** Whoever comes back or reloads is where they were, and nothing is pointed at. */
function returnTo(bubbles) {
  const place = history.state?.place;
  const item = place && location.hash === `#${place.id}` && document.getElementById(place.id);
  if (!item) return;
  bubbles.dataset.returned = "";
  // Again as what belongs before and after it comes, until somebody goes on.
  const watcher = new ResizeObserver(put);
  const stop = () => watcher.disconnect();
  function put() {
    if (scrolled) stop();
    else scrollBy({ top: item.getBoundingClientRect().top - place.top, behavior: "instant" });
  }
  watcher.observe(bubbles);
  addEventListener("load", () => requestAnimationFrame(() => requestAnimationFrame(put)), { once: true });
  setTimeout(stop, RETURNS);
  addEventListener("hashchange", () => delete bubbles.dataset.returned, { once: true });
}

let nextFades = 0;

/** The next memory is offered while somebody goes through the chat, and leaves what is read alone. */
function showNext(talk) {
  const next = talk.querySelector(".next-memory");
  next.classList.remove("is-away");
  clearTimeout(nextFades);
  nextFades = setTimeout(() => next.classList.add("is-away"), NEXT_STAYS);
}
