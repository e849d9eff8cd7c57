// Voice notes as people are used to them: one line with a button, where one is, how long it is, and how fast; the next
// one goes on by itself. Without this, the browser's own players are there.

const SPEEDS = [1, 1.5, 2];

/** Dress the voice notes of `root`; returns what does it for items that come later. */
export function voices(root) {
  if (!root) return () => {};
  root.addEventListener("click", (event) => {
    const button = event.target.closest(".voice-play, .voice-speed");
    const player = button && playerOf(button);
    if (!player) return;
    if (button.matches(".voice-speed")) return faster(player, button);
    if (player.paused) player.play().catch(() => player.toggleAttribute("controls", true));
    else player.pause();
  });
  root.addEventListener("input", (event) => {
    const player = event.target.matches(".voice-at") && playerOf(event.target);
    if (player) player.currentTime = Number(event.target.value);
  });
  // What players tell does not bubble.
  for (const name of ["play", "pause", "timeupdate", "loadedmetadata", "ended"]) {
    root.addEventListener(name, (event) => event.target.matches?.("audio[data-dressed]") && tell(event), true);
  }
  const dress = (items) => {
    for (const item of items) for (const player of item.querySelectorAll("audio:not([data-dressed])")) put(player);
  };
  dress([root]);

  function tell({ type, target: player }) {
    show(player);
    if (type === "play") {
      for (const other of root.querySelectorAll("audio")) if (other !== player) other.pause();
    }
    if (type === "ended") nextOf(root, player)?.play();
  }
  return dress;
}

/** The next voice note, where it is what was said next. */
function nextOf(root, player) {
  const item = player.closest("li")?.nextElementSibling;
  return root.contains(item) ? item?.querySelector("audio[data-dressed]") : null;
}

function playerOf(part) {
  return part.closest(".voice").previousElementSibling;
}

function put(player) {
  player.dataset.dressed = "";
  player.controls = false;
  const line = document.createElement("span");
  line.className = "voice";
  const play = line.appendChild(document.createElement("button"));
  play.className = "voice-play";
  const at = line.appendChild(document.createElement("input"));
  at.className = "voice-at";
  at.type = "range";
  at.min = 0;
  at.step = 0.1;
  at.value = 0;
  at.setAttribute("aria-label", player.getAttribute("aria-label"));
  line.appendChild(document.createElement("span")).className = "voice-time";
  const speed = line.appendChild(document.createElement("button"));
  speed.className = "voice-speed";
  speed.textContent = "1×";
  for (const button of [play, speed]) button.type = "button";
  player.after(line);
  show(player);
}

function show(player) {
  const line = player.nextElementSibling;
  const play = line.querySelector(".voice-play");
  const length = Number.isFinite(player.duration) ? player.duration : Number(player.dataset.length) || 0;
  const at = line.querySelector(".voice-at");
  at.max = length || 1;
  at.value = player.currentTime;
  at.style.setProperty("--done", `${(100 * player.currentTime) / (length || 1)}%`);
  play.classList.toggle("is-playing", !player.paused);
  play.setAttribute("aria-label", player.paused ? player.dataset.play : player.dataset.pause);
  line.querySelector(".voice-time").textContent = clock(player.currentTime || length);
}

function faster(player, button) {
  player.playbackRate = SPEEDS[(SPEEDS.indexOf(player.playbackRate) + 1) % SPEEDS.length];
  button.textContent = `${player.playbackRate}×`;
}

/** ``1:05`` for 65 seconds. */
function clock(seconds) {
  const whole = Math.round(seconds);
  return `${Math.floor(whole / 60)}:${String(whole % 60).padStart(2, "0")}`;
}
