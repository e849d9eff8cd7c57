// A shared place in its bubble: a drawing until somebody asks for the map. Only then are tiles fetched.

const SIZE = 256;
const ZOOM = 15;

/** Make the buttons of the little maps in `root` show them. */
export function littleMaps(root) {
  root.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show-map]");
    if (button) show(button.closest(".little-map"), button);
  });
}

function show(frame, button) {
  const { lat, lon, tiles } = frame.dataset;
  const [x, y] = worldOf(Number(lat), Number(lon));
  const { width, height } = frame.getBoundingClientRect();
  const left = x - width / 2;
  const top = y - height / 2;
  const shelf = document.createElement("div");
  shelf.className = "tiles";
  for (let column = Math.floor(left / SIZE); column * SIZE < left + width; column += 1) {
    for (let row = Math.floor(top / SIZE); row * SIZE < top + height; row += 1) {
      const tile = document.createElement("img");
      tile.alt = "";
      tile.src = tiles
        .replace("{z}", ZOOM)
        .replace("{x}", column)
        .replace("{y}", row)
        .replace("{s}", "a")
        .replace("{r}", "");
      tile.style.left = `${column * SIZE - left}px`;
      tile.style.top = `${row * SIZE - top}px`;
      tile.addEventListener("error", () => tile.remove()); // the drawing is still beneath
      shelf.append(tile);
    }
  }
  const thanks = document.createElement("small");
  thanks.textContent = "© OpenStreetMap";
  frame.prepend(shelf);
  frame.append(thanks);
  button.remove();
}

/** Where a place is on the map of the whole world in pixels (Web Mercator). */
function worldOf(latitude, longitude) {
  const whole = SIZE * 2 ** ZOOM;
  const sine = Math.sin((Math.max(-85, Math.min(85, latitude)) * Math.PI) / 180);
  return [((longitude + 180) / 360) * whole, (0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI)) * whole];
}
