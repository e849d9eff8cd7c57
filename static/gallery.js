// The gallery: goes on by itself; photos open in place, voice notes play one after the other.
import { openLook } from "./lightbox.js";
import { goOn } from "./endless_list.js";
import { recycle } from "./virtual_list.js";
import { voices } from "./voice.js";

const months = document.getElementById("months");
openLook(months);
const dress = voices(months);
const recycled = recycle(months, 1);
goOn(document.getElementById("more"), months, "#months > section", () => {
  dress([months]);
  recycled();
});
