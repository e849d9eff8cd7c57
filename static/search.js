// Search while typing: the same page's results, fetched when the fingers rest.

import { goOn } from "./endless_list.js";

const field = document.getElementById("q");
const found = document.getElementById("found");
let waiting;
let asking;

field.addEventListener("input", () => {
  clearTimeout(waiting);
  waiting = setTimeout(look, 180);
});
field.form.addEventListener("change", (event) => {
  if (event.target !== field) look();
});
field.form.addEventListener("submit", (event) => {
  event.preventDefault();
  clearTimeout(waiting);
  look();
});

/** What is found goes on by itself. */
function readOn() {
  goOn(document.getElementById("more"), found, ".hits");
}

readOn();

async function look() {
  asking?.abort();
  asking = new AbortController();
  const address = new URL(field.form.action);
  for (const [name, value] of new FormData(field.form))
    if (value || name === "q") address.searchParams.set(name, value);
  history.replaceState(null, "", address);
  address.searchParams.set("part", "1");
  try {
    const answer = await fetch(address, { signal: asking.signal });
    if (!answer.ok) return;
    found.innerHTML = await answer.text(); // the server escapes what people wrote
    readOn();
  } catch (error) {
    if (error.name !== "AbortError") field.form.submit();
  }
}
