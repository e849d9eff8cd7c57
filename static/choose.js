// Choosing several, as on a phone: a button or a long press begins it, each touch takes one in or out.

/** So long a finger rests on something until choosing begins, in ms. */
const LONG = 500;

/**
 * `list` holds what can be chosen (`items`, a selector); `button` switches choosing on and off; `show(chosen)` is told
 * of every change, with null when choosing has ended. Returns a function that ends it.
 */
export function choosing(list, items, button, show) {
  const chosen = new Set();
  const mode = (on) => {
    button.setAttribute("aria-pressed", on);
    list.classList.toggle("is-selecting", on);
    if (!on) {
      chosen.clear();
      for (const item of list.querySelectorAll(".is-chosen")) mark(item, false);
    }
    for (const item of list.querySelectorAll(items)) reach(item, on);
    show(on ? chosen : null);
  };
  const toggle = (item) => {
    mark(item, !chosen.has(item));
    if (!chosen.delete(item)) chosen.add(item);
    show(chosen);
  };
  button.hidden = false;
  button.addEventListener("click", () => mode(!isOn()));
  const isOn = () => button.getAttribute("aria-pressed") === "true";
  list.addEventListener(
    "click",
    (event) => {
      const item = event.target.closest(items);
      if (!item || !isOn()) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      toggle(item);
    },
    true,
  );
  list.addEventListener("keydown", (event) => {
    const item = event.target.matches(items) && event.target;
    if (!item || !isOn() || (event.key !== " " && event.key !== "Enter")) return;
    event.preventDefault();
    toggle(item);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && isOn()) mode(false);
  });
  // What a phone offers on a long press would cover what is chosen.
  list.addEventListener("contextmenu", (event) => {
    if (isOn()) event.preventDefault();
  });
  let rests;
  list.addEventListener("pointerdown", (event) => {
    const item = event.target.closest(items);
    if (!item || event.pointerType === "mouse" || isOn()) return;
    rests = setTimeout(() => {
      mode(true);
      toggle(item);
      // The touch that began it is not the one that takes it back; the next one counts.
      addEventListener("click", swallow, { capture: true, once: true });
      addEventListener("pointerdown", () => removeEventListener("click", swallow, { capture: true }), {
        capture: true,
        once: true,
      });
    }, LONG);
  });
  for (const ends of ["pointerup", "pointercancel", "pointermove"])
    list.addEventListener(ends, () => clearTimeout(rests));
  return () => mode(false);
}

function swallow(click) {
  click.preventDefault();
  click.stopPropagation();
}

function mark(item, on) {
  item.classList.toggle("is-chosen", on);
  if (item.hasAttribute("tabindex")) item.setAttribute("aria-checked", on);
}

/** While choosing goes on, what has no link of its own can be reached with the keyboard. */
function reach(item, on) {
  if (item.querySelector(".mem-card")) return;
  if (on) {
    item.tabIndex = 0;
    item.setAttribute("role", "checkbox");
    item.setAttribute("aria-checked", "false");
  } else {
    for (const name of ["tabindex", "role", "aria-checked"]) item.removeAttribute(name);
  }
}
