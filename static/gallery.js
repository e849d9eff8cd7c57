// The gallery: goes on by itself; photos open in place.
import { openLook } from "./look.js";
import { goOn } from "./more.js";
import { recycle } from "./recycle.js";

const months = document.getElementById("months");
openLook(months);
goOn(document.getElementById("more"), months, "#months > section", recycle(months, 1));
