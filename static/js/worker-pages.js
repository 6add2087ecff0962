// The service worker's part about files and pages (a classic script; /sw.js gives it `swapline` and loads it). docs/adr/service-worker.md says why.
//
// Files: those with a hash in their name from the phone, all others from the network while there is one.
// Pages: from the network. One booking is kept, with its pass and its "I'm here" page, for when there is none; it is one person's, and goes
// when they sign out, when the server says that they are, or when somebody else is signed in.

/* exported wipe, wipes, keptFor, putOwn, within, OWN */
const { version, files, static: STATIC, offline: OFFLINE, current: CURRENT, signOut: SIGN_OUT, personHeader: PERSON, nobody: NOBODY } = self.swapline;

const FILES = `files-${version}`;
const WORDS = "words"; // the page without network, in the person's language
const OWN = "own"; // everything that is somebody's

const BOOKING = /^\/b\/[0-9a-f-]{36}\/$/;
const CARD = /^(\/b\/[0-9a-f-]{36}\/)card\/$/;
const HASHED = /\.[0-9a-f]{12}\.\w+$/;
// Never kept and never answered from the phone: what others work with, and what programs ask.
const NOT_OURS = /^\/(admin|finance|staff|api|ws|styleguide)\//;
const RUNS = /data-shape="(waiting|promised|arrived|swapping)-/;

const PATIENCE_MS = 3000;
const CARD_PATIENCE_MS = 5000;

// --- Taking over ---

addEventListener("install", (event) => event.waitUntil(install()));
addEventListener("activate", (event) => event.waitUntil(activate()));

async function install() {
  const store = await caches.open(FILES);
  // What has a hash in its name is what it was: the page has just loaded most of it, and nothing is asked for twice.
  await store.addAll(files.map((file) => new Request(file, { cache: HASHED.test(file) ? "default" : "no-cache" })));
  await keepWords();
  // An open page notices nothing: its files stay (below), and it is not loaded anew.
  await self.skipWaiting();
}

async function activate() {
  // The version before stays as well: an open page, or a kept one, may still ask for its files.
  const older = (await caches.keys()).filter((name) => name.startsWith("files-") && name !== FILES);
  await Promise.all(older.slice(0, -1).map((name) => caches.delete(name)));
  await self.registration.navigationPreload?.enable();
  await self.clients.claim();
}

async function keepWords() {
  const page = await fetch(OFFLINE, { cache: "no-cache" });
  if (page.ok && !page.redirected) await (await caches.open(WORDS)).put(OFFLINE, page);
}

// --- Answering ---

addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  // A part of a file is nothing that a store could answer with.
  if (origin !== location.origin || request.method !== "GET" || request.headers.has("range")) return;
  if (pathname.startsWith(STATIC)) event.respondWith(file(event, pathname));
  else if (request.mode === "navigate") event.respondWith(page(event, pathname));
  else if (CARD.test(pathname)) event.respondWith(card(event, pathname));
});

const stored = (request) => caches.match(request, { ignoreVary: true });

async function file(event, pathname) {
  const { request } = event;
  if (HASHED.test(pathname)) return await stored(request) ?? fetch(request);
  try {
    return await fetch(request);
  } catch (failure) {
    const kept = await stored(request);
    if (kept) return kept;
    throw failure;
  }
}

async function page(event, pathname) {
  const answer = ask(event, pathname);
  if (NOT_OURS.test(pathname)) return answer;
  const kept = await keptFor(pathname);
  try {
    const response = await (kept ? within(PATIENCE_MS, answer) : answer);
    // A server that starts again, said by the proxy before it.
    if (kept && [502, 503, 504].includes(response.status)) return kept;
    return response;
  } catch {
    return kept ?? withoutNetwork(pathname);
  }
}

function ask(event, pathname) {
  const before = wipes;
  const answer = (async () => {
    const response = await event.preloadResponse ?? await fetch(event.request);
    if (!NOT_OURS.test(pathname)) event.waitUntil(learn(pathname, response.clone(), before).catch(() => {}));
    return response;
  })();
  // It may come when the person has long been shown what was kept; it is still kept for the next time.
  event.waitUntil(answer.catch(() => {}));
  return answer;
}

async function withoutNetwork(pathname) {
  const path = await bookingKept();
  if (pathname === CURRENT && path) return Response.redirect(path);
  return await stored(OFFLINE) ?? Response.error();
}

async function card(event, pathname) {
  // The page gives up after as long, but not every browser tells the worker so; what hangs would take the connections of what comes next.
  const before = wipes;
  const response = await fetch(event.request, { signal: AbortSignal.timeout(CARD_PATIENCE_MS) });
  event.waitUntil(learnCard(pathname.match(CARD)[1], response.clone(), before).catch(() => {}));
  return response;
}

function within(milliseconds, answer) {
  return new Promise((resolve, reject) => {
    setTimeout(() => reject(new Error("slow")), milliseconds);
    answer.then(resolve, reject);
  });
}

// --- Learning from what the server says ---

async function learn(pathname, response, asked) {
  const before = await wipesFor(response, asked);
  if (before === null) return;
  const language = response.headers.get("Content-Language");
  if (language) await speak(language, pathname, before);
  if (BOOKING.test(pathname) && response.status === 200 && isSomebodys(response)) await keepBooking(pathname, response, before);
}

async function learnCard(path, response, asked) {
  const before = await wipesFor(response, asked);
  // What a proxy or a captive portal says in our name is nobody's card.
  if (before === null || !isSomebodys(response) || response.status !== 200 || response.redirected) return;
  const [kept, html] = [await keptFor(path), await response.text()];
  if (!kept) return;
  const text = (await kept.text()).replace(/(<!--card-->)[^]*(<!--\/card-->)/, (_, before, after) => before + html + after);
  await put(path, text, kept.headers, before);
  await keepHere(`${path}here/`, html, before);
}

const isSomebodys = (response) => ![null, NOBODY].includes(response.headers.get(PERSON));

/**
 * How many wipes what was asked for after `asked` of them may be kept after; null when it may not be. Nothing is left of the kept pages when
 * the server shows that they are no longer those of who is signed in.
 */
async function wipesFor(response, asked) {
  const person = response.headers.get(PERSON);
  const path = await bookingKept();
  const kept = path && await keptFor(path);
  // What was asked for before somebody signed out says nothing of who is signed in now.
  if (asked !== wipes) return null;
  if (person === null || !kept || kept.headers.get(PERSON) === person) return asked;
  const mine = await wipe();
  return person === NOBODY ? null : mine;
}

/** Another language than the one that the phone's pages are kept in: they are fetched in the new one. */
async function speak(language, pathname, before) {
  const spoken = (await stored(OFFLINE))?.headers.get("Content-Language");
  if (spoken === language) return;
  await keepWords();
  const path = await bookingKept();
  if (path && path !== pathname) await fetchBooking(path, before);
}

// --- What is kept of a person ---

// Whoever puts something there says how many wipes they had seen when they asked for it: what was asked for before a wipe is not kept after it.
let wipes = 0;
let last = Promise.resolve();

/** One after the other: nothing is wiped between the look at `wipes` and what is put. */
function alone(work) {
  const mine = last.then(work);
  last = mine.catch(() => {});
  return mine;
}

/** How many wipes there have been, with this one. */
async function wipe() {
  const mine = ++wipes;
  await alone(() => caches.delete(OWN));
  return mine;
}

async function keptFor(pathname) {
  return (await caches.open(OWN)).match(pathname, { ignoreVary: true });
}

async function bookingKept() {
  const paths = (await (await caches.open(OWN)).keys()).map((request) => new URL(request.url).pathname);
  return paths.find((path) => BOOKING.test(path));
}

async function keepBooking(path, response, before) {
  const text = await response.text();
  const other = await bookingKept();
  if (other && other !== path) {
    // An old one that somebody looks at does not push out the one that runs.
    if (!RUNS.test(text) && RUNS.test(await (await keptFor(other)).text())) return;
    if (before !== wipes) return;
    before = await wipe();
  }
  await put(path, withoutMessages(text).replace("<html", "<html data-kept"), response.headers, before);
  await keepHere(`${path}here/`, text, before);
}

/** The page on which one says "I'm here" goes with the booking, as long as it may be said. */
async function keepHere(path, booking, before) {
  const store = await caches.open(OWN);
  if (!RUNS.test(booking) || !booking.includes(`"${path}"`)) return void store.delete(path);
  if (await store.match(path, { ignoreVary: true })) return;
  const page = await fetch(path);
  if (page.ok && !page.redirected && isSomebodys(page)) await put(path, withoutMessages(await page.text()), page.headers, before);
}

async function fetchBooking(path, asked) {
  await (await caches.open(OWN)).delete(`${path}here/`);
  const response = await fetch(path);
  if (!response.ok || response.redirected || !isSomebodys(response)) return;
  const before = await wipesFor(response, asked);
  if (before !== null) await keepBooking(path, response, before);
}

/** What was said once is not said again from the store. */
function withoutMessages(text) {
  return text.replace(/<!--messages-->[^]*?<!--\/messages-->/, "");
}

async function put(path, text, said, before) {
  const headers = new Headers(said);
  // The text is unpacked already, and as long as it is.
  for (const name of ["Content-Encoding", "Content-Length", "Vary"]) headers.delete(name);
  await putOwn(path, new Response(text, { headers }), before);
}

async function putOwn(path, response, before) {
  await alone(async () => { if (before === wipes) await (await caches.open(OWN)).put(path, response); });
}

/** Nothing is told on this phone any more, whichever session has asked for it; whoever is here next may ask anew. */
async function tellNoMore() {
  await (await self.registration.pushManager?.getSubscription())?.unsubscribe();
}

// --- What pages ask for ---

addEventListener("message", (event) => {
  // A page that was there before this worker, and so has not come through it.
  if (event.data?.type === "keep" && BOOKING.test(event.data.path)) event.waitUntil(fetchBooking(event.data.path, wipes).catch(() => {}));
  if (event.data?.type === "wipe") event.waitUntil(wipe());
});

addEventListener("fetch", (event) => {
  // The request goes its way; what is kept goes with it, whatever the answer.
  if (event.request.method === "POST" && new URL(event.request.url).pathname === SIGN_OUT) event.waitUntil(Promise.all([wipe(), tellNoMore()]));
});
