// What a page was told once grows old before the driver's eyes: counts say how long ago they were made, and a list that is looked at again
// after a while is asked for anew.
//
//   <template id="age-words" data-seconds="Counted {n} s ago" data-minutes="…" data-hours="…"></template>
//   <span class="fresh is-live" data-counted-ago="12">Counted 12 s ago</span>     seconds before the server made the page
//   <div data-anew>…</div>                                                          a page that may be loaded again

import { now, say } from "./clock.js";

const LIVE_SECONDS = 120;
const ANEW_SECONDS = 30;
const EVERY_MS = 1000;

const words = document.getElementById("age-words").dataset;
const made = Date.parse(document.documentElement.dataset.now);

const sentence = (seconds) => {
  if (seconds < 60) return say(words.seconds, { n: seconds });
  return seconds < 3600 ? say(words.minutes, { n: Math.floor(seconds / 60) }) : say(words.hours, { n: Math.floor(seconds / 3600) });
};

const grow = () => {
  for (const element of document.querySelectorAll("[data-counted-ago]")) {
    const seconds = Math.max(0, Math.floor((now() - made) / 1000)) + Number(element.dataset.countedAgo);
    const text = sentence(seconds);
    if (element.textContent !== text) element.textContent = text;
    element.classList.toggle("is-live", seconds < LIVE_SECONDS);
  }
};

/** Not while somebody types or looks at the map: they would lose what they have. */
const anew = () => {
  const isBusy = document.activeElement?.matches("input, select, textarea") || document.querySelector('[data-map-toggle][aria-expanded="true"]');
  const isOld = now() - made > ANEW_SECONDS * 1000;
  if (document.querySelector("[data-anew]") && document.visibilityState === "visible" && isOld && !isBusy && navigator.onLine) location.reload();
};

grow();
setInterval(grow, EVERY_MS);
document.addEventListener("visibilitychange", anew);
addEventListener("pageshow", ({ persisted }) => { if (persisted) anew(); });
