// A list that goes on by itself when its end comes near. Without this, its link leads to the next page.

/**
 * `more` is the link; `items` (a selector) is what the next page has for `list`; `added` is told when they are there.
 */
export function goOn(more, list, items, added = () => {}) {
  if (!more || !("IntersectionObserver" in window)) return;
  let isLoading = false;
  new IntersectionObserver(
    async ([entry], watcher) => {
      if (!entry.isIntersecting || isLoading) return;
      isLoading = true;
      const answer = await fetch(more.href).catch(() => null);
      isLoading = false;
      if (!answer?.ok) return; // the link is still there
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      const end = list.contains(more) ? more.parentElement : null;
      for (const item of page.querySelectorAll(items)) list.insertBefore(item, end);
      added();
      const next = page.getElementById("more");
      if (next) more.href = next.href;
      else {
        watcher.disconnect();
        more.parentElement.remove();
      }
    },
    { rootMargin: "800px" },
  ).observe(more);
}
