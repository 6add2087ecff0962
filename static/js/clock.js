// The server's time, whatever the phone's clock says. It is learned from every fresh answer and carried on by the browser's stopwatch, so that a
// phone whose clock is set anew while the page is open shows what it showed. The difference between the two clocks is kept for offline starts.
//
//   <html data-now="…Z">             when the server made the page
//   <html data-now="…Z" data-kept>   the same, in a copy that the service worker kept: an old instant, which teaches nothing

const KEY = "server-minus-phone-ms";
// The stopwatch of some phones stands still while they sleep.
const SLEPT_MS = 2000;

const page = document.documentElement.dataset;
const [arrival] = performance.getEntriesByType("navigation");
// Server's milliseconds since the epoch at the stopwatch's zero.
let zero = fresh() ?? remembered() ?? instant(page.now) ?? Date.now() - performance.now();

function instant(iso) {
  const found = Date.parse(iso ?? "");
  return Number.isNaN(found) ? null : found;
}

/** By the page itself, unless it comes from a store: then its time is an old one. */
function fresh() {
  const made = "kept" in page || arrival?.type === "back_forward" ? null : instant(page.now);
  return made === null ? null : made - (arrival?.responseStart ?? performance.now());
}

function remembered() {
  try {
    const kept = localStorage.getItem(KEY);
    return kept === null ? null : Date.now() - performance.now() + Number(kept);
  } catch {
    return null;
  }
}

/** Milliseconds since the epoch by the server's clock. */
export const now = () => zero + performance.now();

const remember = () => {
  try { localStorage.setItem(KEY, String(Math.round(now() - Date.now()))); } catch { /* private mode: known for this page only */ }
};

/** Learn from an answer that has just come from the server (never from a store: its time would be an old one). */
export const learn = (serverIso) => {
  const found = instant(serverIso);
  if (found === null) return;
  zero = found - performance.now();
  remember();
};

if (fresh() !== null) remember();

// Asleep or put away, and back: if the phone's clock went on while the stopwatch stood still, the clock is right. If it was set anew meanwhile,
// this is wrong until the next word of the server; too little time left is the better mistake.
let left = null;
document.addEventListener("visibilitychange", () => {
  const gap = Date.now() - performance.now();
  if (left !== null && !document.hidden && gap - left > SLEPT_MS) zero += gap - left;
  left = document.hidden ? gap : null;
});

/** Fill "{n}" and the like in a sentence that the page brought along, in the driver's language. */
export const say = (sentence, values) => (sentence ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** "14:02" by the zone of the place the page is about. */
export const clockTime = (milliseconds) => new Intl.DateTimeFormat(document.documentElement.lang || "en", {
  hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: document.documentElement.dataset.zone || undefined,
}).format(milliseconds);
