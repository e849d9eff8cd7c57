// Long lists: what is far from sight leaves the page, kept as text, and comes back when it is near, so that a page
// with 100,000 messages weighs no more than one with a few hundred.

/** So many items come and go together: divisible by 1 to 6, so that rows of a grid stay whole. */
const STRETCH = 60;
/** What is nearer than this to what is seen is in the page, in pixels. */
const NEAR = 1500;

/**
 * Let the items of `list`, its children, come and go; `size` of them together. The function that comes back is to be
 * called when more items were added.
 */
export function recycle(list, size = STRETCH) {
  if (!list || !("IntersectionObserver" in window)) return () => {};
  const stretchOf = new WeakMap(); // the first and the last item of a stretch -> the stretch; a placeholder -> its text
  const seen = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const known = stretchOf.get(target);
        if (typeof known === "string") {
          if (isIntersecting) back(target, known);
        } else if (!isIntersecting) out(known);
      }
    },
    { rootMargin: `${NEAR}px` },
  );

  function watch(items) {
    for (const end of [items[0], items[items.length - 1]]) {
      stretchOf.set(end, items);
      seen.observe(end);
    }
    for (const item of items) item.dataset.taken = "";
  }

  function out(items) {
    const [first, last] = [items[0], items[items.length - 1]];
    if (!items.every((item) => item.parentNode === list && isIdle(item))) return;
    const top = first.getBoundingClientRect().top;
    const bottom = last.getBoundingClientRect().bottom;
    if (bottom > -NEAR && top < innerHeight + NEAR) return;
    const place = document.createElement(list.tagName === "OL" ? "li" : "div");
    place.className = "far";
    place.setAttribute("aria-hidden", "true");
    place.style.height = `${bottom - top}px`;
    // Whose talk it is can be asked of the place, too.
    const named = items.findLast((item) => item.dataset.talk);
    if (named) Object.assign(place.dataset, named.dataset);
    stretchOf.set(place, items.map((item) => item.outerHTML).join(""));
    for (const end of [first, last]) seen.unobserve(end);
    first.before(place);
    for (const item of items) item.remove();
    seen.observe(place);
  }

  function back(place, text) {
    seen.unobserve(place);
    const shelf = document.createElement("template");
    shelf.innerHTML = text; // what stood in this page a moment ago
    const items = [...shelf.content.children];
    place.replaceWith(...items);
    watch(items);
  }

  function more() {
    let run = []; // of new ones side by side: what came at both ends is not one stretch
    const runs = [run];
    for (const item of list.children) {
      if (item.dataset.taken === undefined && !item.matches(".far")) run.push(item);
      else if (run.length) runs.push((run = []));
    }
    for (const fresh of runs) {
      for (let at = 0; at + size <= fresh.length; at += size) watch(fresh.slice(at, at + size));
    }
  }

  more();
  return more;
}

/** Whether nobody is at something: not chosen, not played, not in focus. */
function isIdle(item) {
  if (item.matches(".is-chosen, .is-hidden, :focus-within") || item.contains(document.activeElement)) return false;
  return [...item.querySelectorAll("audio, video")].every((player) => player.paused);
}
