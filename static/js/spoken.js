// What a screen reader is told while a page changes by itself, each sentence once. It is taken away again, so that nobody meets it a second time.
//
//   <div class="unseen" data-live-said aria-live="polite"></div>
//   <div class="unseen" data-live-said-now aria-live="assertive"></div>      what cannot wait; without it the other one hears it
//   <time data-deadline="…Z" data-warns="5 2" data-warn-words="Less than {n} minutes …">      said once, five and two minutes before

import { now, say } from "./clock.js";

const GONE_AFTER_MS = 20000;

export const speak = (sentence, isUrgent = false) => {
  const polite = document.querySelector("[data-live-said]");
  const region = (isUrgent && document.querySelector("[data-live-said-now]")) || polite;
  if (!region || !sentence) return;
  // A line of its own: two sentences of one second do not overwrite each other.
  const line = Object.assign(document.createElement("p"), { textContent: sentence });
  region.append(line);
  setTimeout(() => line.remove(), GONE_AFTER_MS);
};

let seen = { end: NaN, left: 0 };

/** Says what has been crossed since the last look. A page that comes late to a deadline says in its text how late. */
const warn = () => {
  const clock = document.querySelector("[data-warns]");
  const end = Date.parse(clock?.dataset.deadline);
  const left = (end - now()) / 60000;
  const crossed = end === seen.end ? clock.dataset.warns.split(" ").map(Number).filter((n) => left <= n && n < seen.left) : [];
  seen = { end, left };
  if (crossed.length && left > 0) speak(say(clock.dataset.warnWords, { n: Math.min(...crossed) }));
};

warn();
setInterval(warn, 1000);
