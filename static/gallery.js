// The gallery: goes on by itself; photos open in place.
import { openLook } from "./look.js";

const months = document.getElementById("months");
openLook(months);
const more = document.getElementById("more");
if (more && "IntersectionObserver" in window) {
  let isLoading = false;
  new IntersectionObserver(async ([entry], watcher) => {
    if (!entry.isIntersecting || isLoading) return;
    isLoading = true;
    const answer = await fetch(more.href).catch(() => null);
    isLoading = false;
    if (!answer?.ok) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    months.append(...page.querySelectorAll("#months > section"));
    const next = page.getElementById("more");
    if (next) more.href = next.href;
    else {
      watcher.disconnect();
      more.parentElement.remove();
    }
  }, { rootMargin: "800px" }).observe(more);
}
