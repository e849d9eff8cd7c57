// Words inside a chat: they are marked in what is there and in what comes later; arrows lead from hit to hit.

const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}]*/gu;
const MARK = /\p{M}/u;

/** Bring the bar of a talk to life. Returns what marks the words in items that come later. */
export function findInChat(talk) {
  const bar = talk.querySelector(".find");
  const field = bar?.querySelector("input");
  if (!field) return () => {};
  field.addEventListener("keydown", (event) => {
    const name = { ArrowUp: "arrow-up", ArrowDown: "arrow-down", Escape: "close" }[event.key];
    const link = name && bar.querySelector(`a[data-find="${name}"]`);
    if (!link) return;
    event.preventDefault();
    link.click();
  });
  if (!field.value) field.focus();
  const words = [...new Set((field.value.match(WORD) ?? []).map((word) => plain(word).letters))];
  if (!words.length || !globalThis.Highlight) return () => {};
  const found = new Highlight();
  CSS.highlights.set("found", found);
  const mark = (items) => {
    for (const item of items) for (const range of ranges(item, words)) found.add(range);
  };
  mark([talk.querySelector(".bubbles")]);
  return mark;
}

function* ranges(item, words) {
  const walk = document.createTreeWalker(item, NodeFilter.SHOW_TEXT);
  for (let node = walk.nextNode(); node; node = walk.nextNode()) {
    if (!node.parentElement.closest(".bubble, .notice")) continue;
    const { letters, origin } = plain(node.data);
    for (const word of words) {
      for (let at = letters.indexOf(word); at >= 0; at = letters.indexOf(word, at + word.length)) {
        const range = new Range();
        range.setStart(node, origin[at]);
        range.setEnd(node, origin[at + word.length - 1] + 1);
        yield range;
      }
    }
  }
}

/** Letters without case and marks, and where in `text` each of them is. */
function plain(text) {
  let letters = "";
  const origin = [];
  for (let at = 0; at < text.length; at++) {
    for (const letter of text[at].normalize("NFD").toLowerCase()) {
      if (MARK.test(letter)) continue;
      letters += letter;
      for (let n = 0; n < letter.length; n++) origin.push(at);
    }
  }
  return { letters, origin };
}
