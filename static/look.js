// Photos open in place: arrows, swipes and Escape as one expects. Without this, links open the file.

/** Make links of class `look` inside `root` open over the page. */
export function openLook(root) {
  if (!root || typeof HTMLDialogElement === "undefined") return;
  const dialog = document.createElement("dialog");
  dialog.className = "mem-look";
  const picture = document.createElement("img");
  picture.alt = "";
  const link = document.createElement("a");
  link.className = "mem-button";
  link.textContent = "↪";
  const close = document.createElement("button");
  close.className = "mem-button";
  close.textContent = "✕";
  close.setAttribute("aria-label", "✕");
  close.addEventListener("click", () => dialog.close());
  dialog.append(picture, link, close);
  document.body.append(dialog);
  let all = [];
  let at = 0;
  const show = (next) => {
    at = Math.max(0, Math.min(all.length - 1, next));
    const chosen = all[at];
    picture.src = chosen.href;
    picture.alt = chosen.querySelector("img")?.alt ?? "";
    link.hidden = !chosen.dataset.talk;
    link.href = chosen.dataset.talk ?? "#";
  };
  root.addEventListener("click", (event) => {
    const chosen = event.target.closest("a.look");
    if (!chosen || chosen.dataset.kind === "videos" || event.ctrlKey || event.metaKey || root.closest(".is-selecting"))
      return;
    event.preventDefault();
    all = [...root.querySelectorAll("a.look")];
    show(all.indexOf(chosen));
    dialog.showModal();
  });
  dialog.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(at - 1);
    if (event.key === "ArrowRight") show(at + 1);
  });
  dialog.addEventListener("click", (event) => {
    if (event.target === dialog) dialog.close();
  });
  let from = null;
  picture.addEventListener("pointerdown", (event) => {
    from = event.clientX;
  });
  picture.addEventListener("pointerup", (event) => {
    if (from !== null && Math.abs(event.clientX - from) > 40) show(event.clientX < from ? at + 1 : at - 1);
    from = null;
  });
}
