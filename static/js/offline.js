// The page without network: shows what the phone has kept (the booking, its pass), and tries the page that was wanted again by itself.
//
//   <a href="" data-again>
//   <section data-has-booking hidden>  <a data-booking>  <span data-booking-name>  <span data-booking-age data-words="… {time}">
//     <div data-call-here>  <div data-pass-here>
//   <p data-has-nothing hidden>

import { clockTime, say } from "./clock.js";

const OWN = "own";
const BOOKING = /^\/b\/[0-9a-f-]{36}\/$/;
const ATTEMPT_MS = 4000;

const part = (name) => document.querySelector(`[data-${name}]`);

const keptBooking = async () => {
  const own = await caches.has(OWN) && await caches.open(OWN);
  const request = own && (await own.keys()).find(({ url }) => BOOKING.test(new URL(url).pathname));
  if (!request) return null;
  const page = new DOMParser().parseFromString(await (await own.match(request)).text(), "text/html");
  return { path: new URL(request.url).pathname, page };
};

const show = ({ path, page }) => {
  const { zone } = page.documentElement.dataset;
  const { at: said, title } = page.querySelector("[data-live-card]")?.dataset ?? {};
  const at = Date.parse(said ?? "");
  if (zone) document.documentElement.dataset.zone = zone;
  part("booking").href = path;
  // The card may be newer than the page that it stands in.
  part("booking-name").textContent = title ?? page.title;
  if (at) part("booking-age").textContent = say(part("booking-age").dataset.words, { time: clockTime(at) });
  // What the phone has answers; another attempt is made without a tap.
  part("again").classList.remove("button--primary");
  const call = page.querySelector("[data-live-card] a[href^='tel:']");
  if (call) {
    call.classList.replace("tap", "button");
    part("call-here").replaceChildren(document.adoptNode(call));
  }
  const pass = page.querySelector("[data-pass]");
  if (!pass) return;
  part("pass-here").replaceChildren(document.adoptNode(pass));
  document.dispatchEvent(new CustomEvent("swapline:shown"));
};

const again = async () => {
  try {
    // Any answer will do: it says that there is a network and a server.
    await fetch("/healthz", { cache: "no-store", signal: AbortSignal.timeout(ATTEMPT_MS) });
    location.reload();
  } catch {
    setTimeout(again, ATTEMPT_MS * (0.75 + Math.random() * 0.5));
  }
};

const found = window.caches ? await keptBooking() : null;
part("has-booking").hidden = !found;
part("has-nothing").hidden = Boolean(found);
if (found) show(found);
addEventListener("online", () => location.reload());
// Somebody who looks at this very page wants to see it.
if (location.pathname !== "/offline/") setTimeout(again, ATTEMPT_MS);
