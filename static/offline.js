// Search in a copy of the memories that lies in plain files: no server, no module, no fetch.
const field = document.getElementById("q");
const found = document.getElementById("found");

/** Roughly as the server folds words: no capitals, no accents. */
function folded(text) {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/ß/g, "ss");
}

function look() {
  const words = folded(field.value).split(/\s+/).filter(Boolean);
  found.replaceChildren();
  if (!words.length) return;
  const list = document.createElement("ol");
  list.className = "mem-drawn";
  for (const [file, title, day, chat, text] of TALKS) {
    const plain = folded(text).replace(/\s+/g, " ");
    const close = plain.replace(/ /g, "");
    if (!words.every((word) => plain.includes(word) || close.includes(word))) continue;
    const item = list.appendChild(document.createElement("li"));
    const link = item.appendChild(document.createElement("a"));
    link.href = file;
    link.textContent = `${day} · ${chat} · ${title}`;
  }
  found.append(list.children.length ? list : "–");
}

field.form.addEventListener("submit", (event) => {
  event.preventDefault();
  look();
});
field.addEventListener("input", look);
