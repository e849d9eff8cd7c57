// The chapter that is being read: the tools of the head are about it, whichever talk the page was opened at.

/** Let the head's tools follow the chapters of `talk`; returns what says that something of one changed. */
export function followChapters(talk) {
  let now = null;
  const tell = () => {
    if (!now) return;
    const { talk: number, exchange, title, note } = now.dataset;
    const relive = talk.querySelector("[data-relive]");
    if (relive) {
      const address = new URL(relive.href);
      address.searchParams.set("talk", number);
      relive.href = address;
    }
    if (!exchange) return;
    talk.dataset.exchange = exchange;
    const [retitle, toNote] = ["retitle", "note"].map((name) => talk.querySelector(`[data-action="${name}"]`));
    if (retitle) retitle.dataset.was = title;
    if (toNote) toNote.dataset.was = note;
    turn(talk.querySelector("[data-star]"), "starred" in now.dataset, ["star", "unstar"]);
    turn(talk.querySelector("[data-hide]"), "hidden" in now.dataset, ["hide", "restore"]);
  };
  talk.addEventListener("chapter", (event) => {
    now = event.detail;
    tell();
  });
  return (action, body) => {
    if (!now) return;
    if (action === "star") now.dataset.starred = "";
    if (action === "unstar") delete now.dataset.starred;
    if (action === "hide") now.dataset.hidden = "";
    if (action === "restore") delete now.dataset.hidden;
    if (action === "note") now.dataset.note = body.note;
    if (action === "retitle") {
      now.dataset.title = body.title;
      const words = now.querySelector("h1, a");
      if (words) words.textContent = body.title;
    }
    for (let item = now; item && (item === now || !item.matches(".part")); item = item.nextElementSibling) {
      item.classList.toggle("is-hidden", "hidden" in now.dataset);
    }
    tell();
  };
}

/** A button says what is so now, and what a touch would do. */
function turn(button, isOn, [on, off]) {
  if (!button) return;
  const action = isOn ? off : on;
  button.dataset.action = action;
  const words = button.dataset[action];
  const shown = button.querySelector("span");
  if (shown) shown.textContent = words;
  else {
    button.classList.toggle("is-on", isOn);
    button.title = words;
    button.setAttribute("aria-label", words);
  }
}
