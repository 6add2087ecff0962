// Keeps a card true. The socket tells the whole of what moves, on connect and on every change, so a lost message does no harm:
//   {"type":"snapshot","version":7,"at":"…Z","shape":"waiting-3f2a9c01","fields":{"place":"3","wait":"9–14 min"}}
// The texts of [data-field=NAME] are replaced. When the shape (state, deadlines, buttons: everything else) is another one, the card
// itself is fetched from data-poll-url. When the socket fails three times in a row that address is polled with an ETag, while the
// socket is tried on and on. The age shown under the card is never better than the truth.
//
//   <section data-live data-live-url="/ws/bookings/…/" data-poll-url="/b/…/card/">
//     <div data-live-body><div data-live-card data-shape="…" data-version="…" data-at="…Z">the card</div></div>
//     <p class="fresh" data-live-age>…</p>
//     <p class="unseen" data-live-said aria-live="polite"></p>      hears what stands in [data-say] inside the card, when it changes
//   </section>
//
// data-poll-url answers with what stands in data-live-body, and nothing around it.

import { clockTime, learn, now, say } from "./clock.js";

const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 15000;
const FAILURES_BEFORE_POLLING = 3;
const POLL_MS = 5000;
// Silence may mean "nothing changed" or a dead connection that nobody noticed; one conditional request tells which.
const SILENCE_MS = 25000;
// A whole line may be told the same thing at once; its phones do not all ask for their cards in the same instant.
const FETCH_WITHIN_MS = 600;

const words = document.getElementById("live-words")?.dataset ?? {};

/** Full jitter: anywhere between nothing and the cap, so that a thousand phones do not come back in the same instant. */
const jitter = (cap) => Math.random() * cap;

class LiveCard {
  constructor(element) {
    this.element = element;
    this.body = element.querySelector("[data-live-body]") ?? element;
    this.age = element.querySelector("[data-live-age]");
    this.said = element.querySelector("[data-live-said]");
    this.readCard();
    this.failures = 0;
    this.etag = null;
    this.connect();
    setInterval(() => this.watch(), 1000);
  }

  // --- What the server says ---

  take(snapshot) {
    if (snapshot.type !== "snapshot" || snapshot.version < this.version) return;
    learn(snapshot.at);
    if (snapshot.shape !== this.shape) return this.fetchSoon();
    clearTimeout(this.fetching);
    this.version = snapshot.version;
    this.confirmedAt = now();
    this.fill(snapshot.fields ?? {});
    this.tell();
  }

  fill(fields) {
    for (const element of this.body.querySelectorAll("[data-field]")) {
      const text = fields[element.dataset.field];
      if (text === undefined || element.textContent === text) continue;
      element.textContent = text;
      this.etag = null;
    }
    this.announce();
  }

  /** What the card in the page says about itself. */
  readCard() {
    const card = this.body.querySelector("[data-live-card]");
    this.shape = card?.dataset.shape;
    this.version = Number(card?.dataset.version ?? -1);
    this.confirmedAt = Date.parse(card?.dataset.at ?? "") || now();
  }

  fetchSoon() {
    clearTimeout(this.fetching);
    this.fetching = setTimeout(() => this.poll(), jitter(FETCH_WITHIN_MS));
  }

  show(html) {
    const focused = this.body.contains(document.activeElement) ? document.activeElement : null;
    // Someone is typing or a sheet is open: the new card waits until they have finished.
    if (focused?.matches("input, textarea, select") || this.body.querySelector("dialog[open]")) {
      this.waiting = html;
      return;
    }
    const name = focused?.id;
    const place = focused ? [...this.body.querySelectorAll("a, button, summary")].indexOf(focused) : -1;
    const opened = [...this.body.querySelectorAll("details[id][open]")].map((part) => part.id);
    this.waiting = null;
    this.body.innerHTML = html;
    this.readCard();
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    if (focused) (document.getElementById(name) ?? this.body.querySelectorAll("a, button, summary")[place])?.focus({ preventScroll: true });
    window.htmx?.process(this.body);
    document.dispatchEvent(new CustomEvent("swapline:shown"));
    this.announce();
  }

  announce() {
    const sentence = this.body.querySelector("[data-say]")?.textContent.trim();
    if (this.said && sentence && sentence !== this.said.textContent) this.said.textContent = sentence;
  }

  // --- The socket ---

  connect() {
    clearTimeout(this.retry);
    const path = this.element.dataset.liveUrl;
    if (!path) return this.startPolling();
    const address = new URL(path, location.href);
    address.searchParams.set("lang", document.documentElement.lang);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = new WebSocket(address);
    this.socket = socket;
    // What comes first on a new socket counts, whatever its number: the booking may have moved to another station.
    socket.onopen = () => { if (socket === this.socket) this.version = -1; };
    socket.onmessage = (event) => {
      if (socket !== this.socket) return;
      this.failures = 0;
      this.heardAt = performance.now();
      this.stopPolling();
      this.take(JSON.parse(event.data));
    };
    socket.onclose = (event) => {
      if (socket === this.socket) this.lost(event.code);
    };
  }

  lost(code) {
    this.socket = null;
    this.failures += 1;
    // 44xx: the server has refused this card to this person (signed out, not theirs). Trying again cannot help; the page can say why.
    if (code >= 4400 && code < 4500) return this.refused();
    if (this.failures >= FAILURES_BEFORE_POLLING) this.startPolling();
    this.retry = setTimeout(() => this.connect(), jitter(Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** this.failures)));
    this.tell();
  }

  refused() {
    this.stopPolling();
    clearTimeout(this.retry);
    // A page that has just loaded would only load again and again.
    if (performance.now() > 10000) location.reload();
  }

  /** Something changed (network back, page shown again): try at once, but not all phones in the same instant. */
  hurry() {
    if (this.socket?.readyState === WebSocket.OPEN) return void this.poll();
    const old = this.socket;
    this.socket = null;
    old?.close();
    clearTimeout(this.retry);
    this.retry = setTimeout(() => this.connect(), jitter(FIRST_WAIT_MS));
  }

  // --- Asking instead ---

  startPolling() {
    if (this.polling || !this.element.dataset.pollUrl) return;
    this.polling = true;
    this.pollSoon(jitter(FIRST_WAIT_MS));
  }

  stopPolling() {
    this.polling = false;
    clearTimeout(this.nextPoll);
  }

  pollSoon(wait) {
    clearTimeout(this.nextPoll);
    this.nextPoll = setTimeout(async () => {
      if (!document.hidden) await this.poll();
      if (this.polling) this.pollSoon(POLL_MS * (0.8 + Math.random() * 0.4));
    }, wait);
  }

  async poll() {
    if (!this.element.dataset.pollUrl) return;
    const known = this.version;
    try {
      const answer = await fetch(this.element.dataset.pollUrl, {
        headers: { Accept: "text/html", ...(this.etag ? { "If-None-Match": this.etag } : {}) },
        cache: "no-store",
        signal: AbortSignal.timeout(8000),
      });
      if ([401, 403, 404].includes(answer.status) || answer.redirected) return this.refused();
      if (answer.status === 304) this.confirmedAt = now();
      if (!answer.ok) return;
      this.etag = answer.headers.get("ETag");
      this.show(await answer.text());
      this.refreshClock();
      // The socket should have brought this: it is dead and does not know it.
      if (this.socket && this.version > known && performance.now() - (this.heardAt ?? 0) > SILENCE_MS) this.hurry();
    } catch {
      // No network: the age under the card says so, and the next try comes by itself.
    } finally {
      this.tell();
    }
  }

  refreshClock() {
    const at = this.body.querySelector("[data-live-card]")?.dataset.at;
    if (!this.waiting && at) {
      learn(at);
      this.confirmedAt = now();
    }
  }

  // --- What the person is told ---

  watch() {
    if (this.waiting && !this.body.querySelector("dialog[open]") && !document.activeElement?.matches("input, textarea, select")) {
      this.show(this.waiting);
    }
    const silent = performance.now() - Math.max(this.heardAt ?? 0, this.askedAt ?? 0) > SILENCE_MS;
    if (silent && !this.polling && !document.hidden && this.socket?.readyState === WebSocket.OPEN) {
      this.askedAt = performance.now();
      this.poll();
    }
    this.tell();
  }

  tell() {
    if (!this.age) return;
    const seconds = Math.max(0, Math.round((now() - this.confirmedAt) / 1000));
    const live = this.socket?.readyState === WebSocket.OPEN && this.failures === 0 && seconds < 60;
    const off = !navigator.onLine || (!live && seconds > 15);
    const text = off ? say(words.offline, { time: clockTime(this.confirmedAt) })
      : seconds < 2 ? words.now
        : seconds < 60 ? say(words.seconds, { n: seconds })
          : say(words.minutes, { n: Math.floor(seconds / 60) });
    if (this.age.textContent !== text) this.age.textContent = text;
    this.age.classList.toggle("is-live", live && !off);
    this.age.classList.toggle("is-off", off);
  }
}

const cards = [...document.querySelectorAll("[data-live]")].map((element) => new LiveCard(element));
const hurry = () => cards.forEach((card) => card.hurry());

addEventListener("online", hurry);
addEventListener("offline", () => cards.forEach((card) => card.tell()));
addEventListener("pageshow", (event) => { if (event.persisted) hurry(); });
document.addEventListener("visibilitychange", () => { if (!document.hidden) hurry(); });
