// The server's time, whatever the phone's clock says: the difference is learned from every fresh answer and kept for offline starts.

const KEY = "server-minus-phone-ms";
let difference = remembered() ?? learned(document.documentElement.dataset.now) ?? 0;

function remembered() {
  try {
    const kept = sessionStorage.getItem(KEY);
    return kept === null ? null : Number(kept);
  } catch {
    return null;
  }
}

function learned(serverIso) {
  const server = Date.parse(serverIso ?? "");
  return Number.isNaN(server) ? null : server - Date.now();
}

/** Milliseconds since the epoch by the server's clock. */
export const now = () => Date.now() + difference;

/** Learn from an answer that has just come from the server (never from a cache: its time would be an old one). */
export const learn = (serverIso) => {
  const found = learned(serverIso);
  if (found === null) return;
  difference = found;
  try { sessionStorage.setItem(KEY, String(found)); } catch { /* private mode: known for this page only */ }
};

/** Fill "{n}" and the like in a sentence that the page brought along, in the driver's language. */
export const say = (sentence, values) => (sentence ?? "").replace(/\{(\w+)\}/g, (_, name) => values[name]);

/** "14:02" by the zone of the place the page is about. */
export const clockTime = (milliseconds) => new Intl.DateTimeFormat(document.documentElement.lang || "en", {
  hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone: document.documentElement.dataset.zone || undefined,
}).format(milliseconds);
