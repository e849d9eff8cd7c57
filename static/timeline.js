// The line of years beside a conversation: it is drawn along like the scroll bar of a library, and shows the month.

/** A press that moves less than that, in pixels, is a touch of what lies there. */
const STILL = 6;

/** Let a finger or the mouse go along `track` to any day of its chat. */
export function drawAlong(track) {
  if (!track) return;
  const [from, to] = [Date.parse(track.dataset.from), Date.parse(track.dataset.to)];
  const months = track.dataset.months.split(",");
  const label = document.createElement("span");
  label.className = "track-day";
  label.hidden = true;
  track.append(label);
  let start = null;
  let day = null;

  const show = (event) => {
    const box = track.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientY - box.top) / box.height));
    day = new Date(from + part * (to - from));
    label.style.top = `${100 * part}%`;
    label.textContent = `${months[day.getUTCMonth()]} ${day.getUTCFullYear()}`;
    label.hidden = false;
  };
  track.addEventListener("pointerdown", (event) => {
    start = event.clientY;
    track.setPointerCapture(event.pointerId);
    event.preventDefault();
    show(event);
  });
  track.addEventListener("pointermove", (event) => start !== null && show(event));
  track.addEventListener("pointerup", (event) => {
    const isStill = Math.abs(event.clientY - start) < STILL;
    start = null;
    const under = document.elementsFromPoint(event.clientX, event.clientY);
    const link = isStill && under.find((one) => one.matches(".track a"));
    location.href = link ? link.href : `${track.dataset.chat}?day=${day.toISOString().slice(0, 10)}`;
  });
  track.addEventListener("pointercancel", () => {
    start = null;
    label.hidden = true;
  });
  // What is drawn along is no link that is dragged away.
  track.addEventListener("dragstart", (event) => event.preventDefault());
  track.addEventListener("click", (event) => event.detail && event.preventDefault());
}
