// On the booking's page: says what became of an "I'm here" that was tapped without network (the service worker keeps and sends it), and that
// everything else needs the network.
//
//   <section data-here-kept data-booking="…" hidden>  <p data-here-time data-words="… {time}">  <button data-here-forget>
//   <section data-here-refused hidden>  <p data-here-reason>  <button data-here-forget>
//   <section data-needs-network hidden>

import { clockTime, now, say } from "./clock.js";

const OWN = "own";
const CLAIM = "/kept/here";

const kept = document.querySelector("[data-here-kept]");
const refused = document.querySelector("[data-here-refused]");
const needsNetwork = document.querySelector("[data-needs-network]");

const claim = async () => {
  const own = await caches.has(OWN) && await caches.open(OWN);
  const found = own && await (await own.match(CLAIM))?.json();
  return found?.booking === kept.dataset.booking ? found : null;
};

const show = async () => {
  const found = await claim();
  kept.hidden = !found || "refused" in found;
  refused.hidden = !found || !("refused" in found);
  if (!found) return;
  const time = kept.querySelector("[data-here-time]");
  // The phone's clock wrote it down; by the server's it may have been another minute.
  time.textContent = say(time.dataset.words, { time: clockTime(found.tappedAt + now() - Date.now()) });
  refused.querySelector("[data-here-reason]").textContent = found.refused ?? "";
};

const forget = async () => {
  await (await caches.open(OWN)).delete(CLAIM);
  await show();
};

const sayNeedsNetwork = () => {
  needsNetwork.hidden = location.hash !== "#no-network";
  if (needsNetwork.hidden) return;
  needsNetwork.scrollIntoView({ block: "center" });
  history.replaceState(null, "", location.pathname);
};

if (kept && window.caches) {
  show();
  sayNeedsNetwork();
  navigator.serviceWorker?.addEventListener("message", (event) => { if (event.data?.type === "here") show(); });
  addEventListener("hashchange", sayNeedsNetwork);
  document.addEventListener("swapline:true", () => { needsNetwork.hidden = true; });
  document.addEventListener("click", (event) => { if (event.target.closest("[data-here-forget]")) forget(); });
}
