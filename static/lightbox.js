// Photos open in place: who, when and what was said under them; arrows, swipes, Escape and the back button as one
// expects. Without this, links open the file.

const SWIPE = 40;

/** Make links of class `look` inside `root` open over the page. */
export function openLook(root) {
  if (!root || typeof HTMLDialogElement === "undefined") return;
  const dialog = document.createElement("dialog");
  dialog.className = "mem-look";
  const picture = document.createElement("img");
  picture.alt = "";
  const words = document.createElement("p");
  words.className = "look-words";
  words.dir = "auto";
  const link = button("a", "↪");
  const save = button("a", "↓");
  save.download = "";
  const close = button("button", "✕");
  close.setAttribute("aria-label", "✕");
  close.addEventListener("click", () => dialog.close());
  dialog.append(picture, words, link, save, close);
  document.body.append(dialog);
  let all = [];
  let at = 0;
  const show = (next) => {
    at = Math.max(0, Math.min(all.length - 1, next));
    const chosen = all[at];
    picture.src = chosen.href;
    picture.alt = chosen.querySelector("img")?.alt ?? "";
    words.textContent = toldOf(chosen);
    link.hidden = !chosen.dataset.talk;
    link.href = chosen.dataset.talk ?? "#";
    save.href = chosen.href;
    for (const near of [all[at - 1], all[at + 1]]) if (near) new Image().src = near.href;
  };
  root.addEventListener("click", (event) => {
    const chosen = event.target.closest("a.look");
    if (!chosen || chosen.dataset.kind === "videos" || event.ctrlKey || event.metaKey || root.closest(".is-selecting"))
      return;
    event.preventDefault();
    all = [...root.querySelectorAll("a.look")];
    show(all.indexOf(chosen));
    dialog.showModal();
    history.pushState({ ...history.state, isLooking: true }, "");
  });
  dialog.addEventListener("close", () => {
    if (history.state?.isLooking) history.back();
  });
  addEventListener("popstate", () => dialog.open && dialog.close());
  dialog.addEventListener("keydown", (event) => {
    const way = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (way) show(at + (document.dir === "rtl" ? -way : way));
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  let from = null;
  picture.addEventListener("pointerdown", (event) => {
    from = event.clientX;
  });
  picture.addEventListener("pointerup", (event) => {
    if (from !== null && Math.abs(event.clientX - from) > SWIPE) show(event.clientX < from ? at + 1 : at - 1);
    from = null;
  });
}

function button(kind, sign) {
  const made = document.createElement(kind);
  made.className = "mem-button";
  made.textContent = sign;
  return made;
}

/** Who sent it, when, and what they wrote with it: said by the bubble it is in, else by its own description. */
function toldOf(chosen) {
  const bubble = chosen.closest(".bubble");
  if (!bubble) return chosen.querySelector("img")?.alt ?? "";
  let first = bubble;
  while (first && !first.querySelector(".who")) first = first.previousElementSibling;
  let day = bubble;
  while (day && !day.matches(".day, .part")) day = day.previousElementSibling;
  const time = bubble.querySelector("time")?.textContent ?? "";
  const when = [day?.dataset.day ?? day?.textContent?.trim(), time.trim()].filter(Boolean).join(", ");
  const words = bubble.querySelector(".words")?.textContent.trim();
  return [first?.querySelector(".who")?.textContent, when, words].filter(Boolean).join(" · ");
}
