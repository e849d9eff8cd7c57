// Keys that do the same on every page: / searches, j and k go from one to the next, ? says so.

/** What one goes through on a page, the first that there is. */
const ITEMS = [".bubbles > .part", ".hit", ".mem-card", ".keep a", ".chat-list a", ".mem-list a"];
/** Below what sticks to the top, in pixels. */
const TOP = 80;

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
  if (event.target.closest("input, textarea, select, dialog, [contenteditable]")) return;
  if (event.key === "/") search();
  else if (event.key === "j") go(1);
  else if (event.key === "k") go(-1);
  else if (event.key === "?") help();
  else return;
  event.preventDefault();
});

function search() {
  const field = document.querySelector(".find input, #q");
  const inChat = document.querySelector(".talk-head a[href*='find=']");
  if (field) return field.focus();
  dispatchEvent(new Event("leaving"));
  location.href = inChat?.href ?? document.querySelector(".mem-menu a[href$='/search']").href;
}

function go(way) {
  const items = ITEMS.map((name) => [...document.querySelectorAll(name)]).find((found) => found.length > 1) ?? [];
  const tops = items.map((item) => item.getBoundingClientRect().top);
  const focused = items.indexOf(document.activeElement);
  let next = focused + way;
  if (focused < 0) next = way > 0 ? tops.findIndex((top) => top > TOP + 1) : tops.findLastIndex((top) => top < TOP - 1);
  const item = items[next];
  if (!item) return;
  const link = item.matches("a") ? item : null;
  link?.focus({ preventScroll: true });
  const scroller = item.closest(".pane") ?? document.scrollingElement;
  scroller.scrollBy({ top: item.getBoundingClientRect().top - TOP, behavior: "instant" });
}

function help() {
  const words = document.getElementById("keys");
  const dialog = words.content.firstElementChild.cloneNode(true);
  document.body.append(dialog);
  dialog.addEventListener("close", () => dialog.remove());
  dialog.addEventListener("click", () => dialog.close());
  dialog.showModal();
}
