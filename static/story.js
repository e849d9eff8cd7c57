// A story plays: a scene at a time, its words at the rhythm they were written in. Needs nothing else.

/** How long a message is written and stays before the next one, in ms: by its letters, and by the pause before it. */
const SHORTEST = 900;
const A_LETTER = 38;
const LONGEST = 4200;
const A_PAUSE = 500;
/** A scene without words, and the end of each scene, in ms. */
const A_LOOK = 3500;
const AT_THE_END = 1800;
const SWIPE = 40;
/** Who presses longer than that, in ms, does not want the next scene. */
const HELD = 350;

const story = document.querySelector(".story");
const scenes = [...story.querySelectorAll(".scene")];
const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
let now = -1;
let steps = [];
let step = 0;
let gone = 0;
let before = 0;
let isPaused = isCalm;
let hasSound = false;
let frame = 0;

const bar = document.createElement("div");
bar.className = "story-progress";
bar.append(...scenes.map(() => document.createElement("i")));
story.prepend(bar);
for (const [name, way, sign] of [["is-back", -1, "‹"], ["is-on", 1, "›"]]) {
  const button = story.appendChild(document.createElement("button"));
  button.type = "button";
  button.className = `story-turn ${name}`;
  button.textContent = sign;
  button.tabIndex = -1;
  button.setAttribute("aria-hidden", "true");
  button.addEventListener("click", (event) => {
    event.stopPropagation();
    turn(way);
  });
}
document.documentElement.classList.add("is-played");
document.body.classList.add("is-played");
for (const tools of story.querySelectorAll("[data-script]")) {
  tools.hidden = false;
  tools.dataset.ready = "";
}
const pauseButton = story.querySelector("[data-pause]");
const soundButton = story.querySelector("[data-sound]");
pauseButton.addEventListener("click", () => pause(!isPaused));
soundButton.addEventListener("click", () => {
  hasSound = !hasSound;
  soundButton.setAttribute("aria-pressed", hasSound);
  soundButton.textContent = hasSound ? "🔊" : "🔈";
  if (hasSound) voiceOf(steps[step]?.line)?.play();
  else for (const player of story.querySelectorAll("audio")) player.pause();
});
story.querySelector("[data-again]").addEventListener("click", () => {
  show(0);
  pause(isCalm);
});
pause(isPaused);
show(Math.min(history.state?.scene ?? 0, scenes.length - 1));

/** Show a scene from its beginning. */
function show(number) {
  if (now >= 0) history.replaceState({ ...history.state, scene: number }, "");
  end(false);
  for (const player of story.querySelectorAll("audio")) player.pause();
  now = number;
  for (const [n, scene] of scenes.entries()) {
    scene.classList.toggle("is-now", n === now);
    scene.toggleAttribute("inert", n !== now);
    bar.children[n].style.setProperty("--done", n < now ? 1 : 0);
  }
  const lines = [...scenes[now].querySelectorAll(".line")];
  for (const line of lines) line.classList.remove("is-said", "is-typed");
  steps = isCalm ? [] : lines.map((line, n) => ({ line, lasts: lastsFor(line, lines[n - 1]) }));
  if (isCalm) for (const line of lines) line.classList.add("is-said");
  steps.push({ line: null, lasts: lines.length ? AT_THE_END : A_LOOK });
  step = 0;
  gone = 0;
  before = performance.now();
  begin();
  cancelAnimationFrame(frame);
  frame = requestAnimationFrame(play);
  const next = scenes[now + 1]?.querySelector(".behind");
  if (next) next.loading = "eager";
}

function lastsFor(line, before) {
  const waited = before ? Date.parse(line.dataset.at) - Date.parse(before.dataset.at) : 0;
  const written = SHORTEST + A_LETTER * line.textContent.trim().length;
  return Math.min(LONGEST, written) + (waited > 60_000 ? A_PAUSE : 0);
}

function begin() {
  const { line } = steps[step];
  if (!line) return;
  // Who writes long is seen writing.
  line.classList.add("is-said");
  if (steps[step].lasts > 1500 && step > 0 && !line.querySelector("audio")) {
    line.classList.add("is-typed");
    setTimeout(() => line.classList.remove("is-typed"), Math.min(900, steps[step].lasts / 3));
  }
  if (hasSound) voiceOf(line)?.play();
}

function voiceOf(line) {
  return line?.querySelector("audio");
}

/** Time goes on while nothing is paused and no voice speaks. */
function play(time) {
  frame = requestAnimationFrame(play);
  const passed = Math.min(100, time - before);
  before = time;
  const voice = voiceOf(steps[step].line);
  if (isPaused || (voice && !voice.paused)) return;
  gone += passed;
  const all = steps.reduce((sum, one) => sum + one.lasts, 0);
  const done = steps.slice(0, step).reduce((sum, one) => sum + one.lasts, 0) + gone;
  bar.children[now].style.setProperty("--done", Math.min(1, done / all));
  if (gone < steps[step].lasts) return;
  gone = 0;
  if (step + 1 < steps.length) {
    step += 1;
    begin();
  } else if (now + 1 < scenes.length) show(now + 1);
  else end(true);
}

/** After the last scene: again, on in the chat, or to keep. */
function end(on) {
  story.classList.toggle("is-over", on);
  if (on) pause(true);
}

function pause(on) {
  isPaused = on;
  pauseButton.setAttribute("aria-pressed", on);
  pauseButton.textContent = on ? "▶" : "❚❚";
}

function turn(way) {
  const next = now + way;
  if (story.classList.contains("is-over") && way < 0) end(false);
  else if (next >= 0 && next < scenes.length) show(next);
  else if (next < 0) show(0);
  else end(true);
}

document.addEventListener("keydown", (event) => {
  if (event.target.closest("audio, button, a") && (event.key === " " || event.key === "Enter")) return;
  if (event.key === "ArrowRight") turn(document.dir === "rtl" ? -1 : 1);
  else if (event.key === "ArrowLeft") turn(document.dir === "rtl" ? 1 : -1);
  else if (event.key === " ") pause(!isPaused);
  else if (event.key === "Escape" && story.dataset.close) location.href = story.dataset.close;
  else return;
  event.preventDefault();
});

/** Where a finger or the mouse came down, when, and whether time went on then. */
let from = null;
story.addEventListener("pointerdown", (event) => {
  if (event.target.closest("a, button, audio") || !event.isPrimary) return;
  from = { x: event.clientX, y: event.clientY, at: event.timeStamp, wasPaused: isPaused };
  pause(true); // held: time stands still
});
story.addEventListener("pointerup", (event) => {
  if (!from) return;
  const [across, down] = [event.clientX - from.x, event.clientY - from.y];
  const box = story.getBoundingClientRect();
  const { at, wasPaused } = from;
  release(wasPaused);
  if (down > 2 * SWIPE && down > Math.abs(across)) {
    if (story.dataset.close) location.href = story.dataset.close;
  } else if (Math.abs(across) > SWIPE) turn(across < 0 === (document.dir !== "rtl") ? 1 : -1);
  else if (event.timeStamp - at < HELD) turn(event.clientX - box.left < box.width * 0.3 ? -1 : 1);
});
story.addEventListener("pointercancel", () => from && release(from.wasPaused));

function release(wasPaused) {
  from = null;
  pause(wasPaused);
}
