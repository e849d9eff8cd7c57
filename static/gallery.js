// The gallery: goes on by itself; photos open in place, voice notes play one after the other.
import { openLook } from "./look.js";
import { goOn } from "./more.js";
import { recycle } from "./recycle.js";
import { voices } from "./voice.js";

const months = document.getElementById("months");
openLook(months);
const dress = voices(months);
const recycled = recycle(months, 1);
goOn(document.getElementById("more"), months, "#months > section", () => {
  dress([months]);
  recycled();
});
