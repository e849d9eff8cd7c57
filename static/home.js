// Home: the hero's dots, and the year that is in sight in the rail at the edge.

const slides = document.querySelector(".hero-slides");
if (slides && slides.children.length > 1) {
  const dots = document.createElement("div");
  dots.className = "hero-dots";
  for (const slide of slides.children) {
    const dot = dots.appendChild(document.createElement("button"));
    dot.type = "button";
    dot.setAttribute("aria-label", slide.querySelector("h2")?.textContent.trim() ?? "");
    dot.addEventListener("click", () => slides.scrollTo({ left: slide.offsetLeft - slides.offsetLeft }));
  }
  slides.before(dots);
  mark(slides.children, (slide, isThere) => {
    if (!isThere) return;
    for (const dot of dots.children) dot.removeAttribute("aria-current");
    dots.children[[...slides.children].indexOf(slide)].setAttribute("aria-current", "true");
  }, { root: slides, threshold: 0.6 });
}

const rail = document.querySelector(".year-rail");
if (rail) {
  mark(document.querySelectorAll(".shelf[id]"), (shelf, isThere) => {
    const link = rail.querySelector(`a[href="#${shelf.id}"]`);
    if (isThere) link?.setAttribute("aria-current", "true");
    else link?.removeAttribute("aria-current");
  }, { rootMargin: "-40% 0px -40% 0px" });
}

/** Tell `seen(element, whether it is in sight)` of each element, now and whenever it changes. */
function mark(elements, seen, options) {
  const watch = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) seen(target, isIntersecting);
  }, options);
  for (const element of elements) watch.observe(element);
}
