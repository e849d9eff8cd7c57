// Voice notes at another speed, as people are used to: 1, 1.5, 2.

const SPEEDS = [1, 1.5, 2];

/** Give each voice note in `root` a button for its speed. */
export function speeds(root) {
  root?.addEventListener(
    "play",
    (event) => {
      const player = event.target;
      if (player.tagName !== "AUDIO" || player.dataset.speed) return;
      player.dataset.speed = "1";
      const button = document.createElement("button");
      button.className = "mem-button is-quiet speed";
      button.textContent = "1×";
      button.addEventListener("click", () => {
        const next = SPEEDS[(SPEEDS.indexOf(player.playbackRate) + 1) % SPEEDS.length];
        player.playbackRate = next;
        button.textContent = `${next}×`;
      });
      player.after(button);
    },
    true,
  );
}
