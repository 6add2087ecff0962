// The service worker's part about what is tapped without network (a classic script, after worker-pages.js).
//
// "I'm here" is kept and sent when the network is back: it counts from then, and once. Nothing else is: an extension or a cancellation that
// arrives later than it was meant would surprise more than it helps, so the page says that it needs the network.

/* global OWN, within, wipe, wipes, putOwn */
const CLAIM = "/kept/here";
const HERE = /^\/b\/([0-9a-f-]{36})\/here\/$/;
const ACTS = /^\/(b|stations)\//;
const TAPPED_PATIENCE_MS = 8000;
// Who tapped longer ago may have left since: a position of then would stop the clock of somebody who is not here.
const GOOD_FOR_MS = 30 * 60 * 1000;
const TOKEN = /name="csrfmiddlewaretoken" value="(\w+)"/;

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (origin !== location.origin || request.method !== "POST" || request.mode !== "navigate" || !ACTS.test(pathname)) return;
  event.respondWith(HERE.test(pathname) ? here(event, pathname) : act(request));
});

async function act(request) {
  try {
    return await fetch(request);
  } catch {
    return Response.redirect(`${pageBefore(request)}#no-network`, 303);
  }
}

function pageBefore(request) {
  const before = new URL(request.referrer || "/", location.origin);
  return before.origin === location.origin ? before.origin + before.pathname + before.search : location.origin;
}

async function here(event, pathname) {
  const before = wipes;
  const form = event.request.clone().formData().catch(() => new FormData());
  try {
    return await within(TAPPED_PATIENCE_MS, fetch(event.request));
  } catch {
    return await keepClaim(pathname, await form, before) ? Response.redirect(pathname.replace("here/", ""), 303)
      : Response.redirect(`${pageBefore(event.request)}#no-network`, 303);
  }
}

async function keepClaim(pathname, form, before) {
  const [latitude, longitude, poster] = ["lat", "lon", "poster"].map((name) => String(form.get(name) ?? "").trim());
  const proof = poster ? { poster_token: poster }
    : latitude && longitude ? { position: { latitude: Number(latitude), longitude: Number(longitude) } } : null;
  if (!proof) return false;
  await putClaim({ booking: pathname.match(HERE)[1], proof, tappedAt: Date.now() }, before);
  await self.registration.sync?.register("here").catch(() => {});
  return true;
}

const putClaim = (claim, before) => putOwn(CLAIM, Response.json(claim), before);
const keptClaim = async () => (await (await caches.open(OWN)).match(CLAIM))?.json();

async function dropClaim() {
  await (await caches.open(OWN)).delete(CLAIM);
}

// --- Sending it ---

let sending = null;

/** The page asks and the browser's own sync does; whoever is first sends, the other waits for the same answer. */
function sendClaim() {
  sending ??= sendOnce().finally(() => { sending = null; });
  return sending;
}

async function sendOnce() {
  const before = wipes;
  const claim = await keptClaim();
  if (!claim || claim.refused) return;
  if (Date.now() - claim.tappedAt > GOOD_FOR_MS) return dropClaim().then(tellPages);
  const token = await freshToken(claim.booking);
  if (token === null) return dropClaim().then(tellPages);
  const answer = await fetch(`/api/v1/bookings/${claim.booking}/here/`, {
    method: "POST",
    headers: { "Content-Type": "application/json", "Accept": "application/json", "X-CSRFToken": token },
    body: JSON.stringify(claim.proof),
  });
  await settle(claim, answer, before);
  await tellPages();
}

/** The token that is valid now; null when the booking is not this person's any more. The one on the kept page may be of an earlier sign-in. */
async function freshToken(booking) {
  const page = await fetch(`/b/${booking}/here/`, { cache: "no-store" });
  if (page.status >= 500) throw new Error(`status ${page.status}`);
  if (page.redirected) await wipe();
  return page.ok && !page.redirected ? (await page.text()).match(TOKEN)?.[1] ?? null : null;
}

async function settle(claim, answer, before) {
  if (answer.ok) return dropClaim();
  // Signed out, too many, or the server is not well: later.
  if (![400, 404, 409].includes(answer.status)) throw new Error(`answered ${answer.status}`);
  const problem = await answer.json().catch(() => ({}));
  // It had arrived before, and only the answer was lost.
  if (problem.code === "already_done") return dropClaim();
  return putClaim({ ...claim, refused: problem.detail ?? "" }, before);
}

async function tellPages() {
  for (const page of await self.clients.matchAll({ type: "window" })) page.postMessage({ type: "here" });
}

addEventListener("sync", (event) => {
  if (event.tag === "here") event.waitUntil(sendClaim());
});
addEventListener("message", (event) => {
  if (event.data?.type === "send-here") event.waitUntil(sendClaim().catch(() => {}));
});
