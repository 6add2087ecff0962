// Keeps a card true. The socket tells the whole of what moves, on connect and on every change, so a lost message does no harm:
//   {"type":"snapshot","version":7,"at":"…Z","shape":"waiting-3f2a9c01","fields":{"place":"3","wait":"9–14 min"}}
// The first one on a new socket may bring the "card" as HTML as well, when the page's shape (which it says as it connects) is another one.
// The texts of [data-field=NAME] are replaced. When the shape (state, deadlines, buttons: everything else) is another one, the card
// itself is fetched from data-poll-url, which is also asked where no socket gets through (link.js). The age shown is never better than the truth;
// after a minute the element is marked .is-old, and what stands in [data-live-old] says since when.
//
//   <section data-live data-live-url="/ws/bookings/…/" data-poll-url="/b/…/card/">
//     <div data-live-ended hidden>you are signed out; sign in</div>    without it the page is loaded anew, to say why it may not be seen
//     <div data-live-body><div data-live-card data-shape="…" data-version="…" data-at="…Z">the card, with <p data-live-old hidden></p></div></div>
//     <p class="fresh" data-live-age>…</p>
//     what stands in [data-say] inside the card is said when it changes (spoken.js); with data-say-now it may interrupt
//   </section>
//
// The card may name the page (data-title). What stands outside it and holds in some states only has data-live-while="waiting promised".
// data-poll-url answers with what stands in data-live-body, and nothing around it. On the document: swapline:shown when a card has been
// replaced, swapline:true when the server has been heard again after it could not be.

import { clockTime, learn, now, say } from "./clock.js";
import { Link } from "./link.js";
import { closeWhatNobodyAsks, keepPlace } from "./place.js";
import { speak } from "./spoken.js";

// A whole line may be told the same thing at once; its phones do not all ask for their cards in the same instant.
const FETCH_WITHIN_MS = 600;
const FETCH_AGAIN_MS = 1500;
const PATIENCE_MS = 5000;
const OLD_SECONDS = 60;
// A page that has just loaded would only load again and again.
const RELOAD_AFTER_MS = 10000;

const words = document.getElementById("live-words")?.dataset ?? {};
const send = (name) => document.dispatchEvent(new CustomEvent(`swapline:${name}`));

class LiveCard {
  constructor(element) {
    this.element = element;
    this.body = element.querySelector("[data-live-body]") ?? element;
    this.age = element.querySelector("[data-live-age]");
    this.ended = element.querySelector("[data-live-ended]");
    this.readCard();
    // Whoever has just loaded the page reads it there.
    this.spoken = this.sentence;
    this.etag = null;
    this.questions = 0;
    this.answered = 0;
    this.link = new Link({
      address: () => this.address(),
      hear: (message, first) => this.take(message, first),
      ask: () => this.ask(),
      change: (how) => (how === "refused" ? this.ask() : this.tell()),
    });
    setInterval(() => this.watch(), 1000);
    this.tell();
  }

  address() {
    const path = this.element.dataset.liveUrl;
    if (!path) return null;
    const address = new URL(path, location.href);
    address.searchParams.set("lang", document.documentElement.lang);
    if (this.shape) address.searchParams.set("shape", this.shape);
    address.protocol = location.protocol === "https:" ? "wss:" : "ws:";
    return address;
  }

  // --- What the server says ---

  /** What comes first on a new socket counts, whatever its number: the booking may have moved to another station. */
  take(snapshot, first) {
    if (snapshot.type !== "snapshot" || (!first && snapshot.version < this.version)) return;
    learn(snapshot.at);
    if (snapshot.shape !== this.shape) {
      if (snapshot.card) this.answer(++this.questions, snapshot.card, null);
      // Asked for all the same: by that the service worker keeps it, too.
      return this.fetchSoon();
    }
    clearTimeout(this.fetching);
    this.version = snapshot.version;
    this.fill(snapshot.fields ?? {});
    this.isTrue();
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

  /** The server has just said what stands in the page, or that it still does. */
  isTrue() {
    this.confirmedAt = now();
    if (this.ended) this.ended.hidden = true;
    this.tell();
  }

  /** What the card in the page says about itself. */
  readCard() {
    const card = this.body.querySelector("[data-live-card]");
    this.shape = card?.dataset.shape;
    this.version = Number(card?.dataset.version ?? -1);
    this.confirmedAt = Date.parse(card?.dataset.at ?? "") || now();
    if (card?.dataset.title) document.title = `${card.dataset.title} · Swapline`;
    const state = this.shape?.split("-")[0];
    for (const part of document.querySelectorAll("[data-live-while]")) part.hidden = !part.dataset.liveWhile.split(" ").includes(state);
  }

  fetchSoon() {
    clearTimeout(this.fetching);
    this.fetching = setTimeout(() => this.fetchCard(), Math.random() * FETCH_WITHIN_MS);
  }

  /** Once more while no answer comes: after a bad patch the first request may have gone down a connection that is dead. */
  fetchCard() {
    this.ask();
    this.fetching = setTimeout(() => { if (this.link.socket) this.fetchCard(); }, FETCH_AGAIN_MS * (1 + Math.random()));
  }

  /** True when the server has answered: with another card, or that this one still holds. */
  async ask() {
    if (!this.element.dataset.pollUrl) return false;
    const question = ++this.questions;
    try {
      const answer = await fetch(this.element.dataset.pollUrl, {
        headers: { Accept: "text/html", ...(this.etag ? { "If-None-Match": this.etag } : {}) },
        cache: "no-store",
        signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (answer.redirected || [401, 403, 404].includes(answer.status)) return this.refused(answer.status);
      if (!answer.ok && answer.status !== 304) return false;
      const html = answer.status === 304 ? null : await answer.text();
      // A maintenance page or a captive portal answers in our name: that is no card, and no news of one.
      if (html !== null && !html.includes("data-live-card")) return false;
      // Questions may overtake each other: an older answer than the one that is shown is not shown.
      if (question > this.answered) this.answer(question, html, answer.headers.get("ETag"));
      return true;
    } catch {
      // No network: the age says so, and the next attempt comes by itself.
      return false;
    }
  }

  answer(question, html, etag) {
    this.answered = question;
    clearTimeout(this.fetching);
    if (html !== null) {
      this.etag = etag;
      this.show(html);
      learn(this.waiting ? undefined : this.body.querySelector("[data-live-card]")?.dataset.at);
    }
    if (!this.waiting) this.isTrue();
  }

  /** Signed out, or not this person's any more. What the phone has stays where it stands; the page says what to do. */
  refused(status) {
    this.link.rest();
    if (this.ended && status !== 404) {
      this.ended.hidden = false;
      this.tell();
    } else if (performance.now() > RELOAD_AFTER_MS) location.reload();
    return false;
  }

  // --- What the person sees ---

  show(html) {
    const card = Object.assign(document.createElement("template"), { innerHTML: html }).content;
    closeWhatNobodyAsks(this.body, card);
    // Someone is typing or a sheet is open: the new card waits until they have finished.
    if (this.isBusy) {
      this.waiting = html;
      return;
    }
    this.waiting = null;
    keepPlace(this.body, () => {
      this.body.replaceChildren(card);
      this.readCard();
    }, () => {
      window.htmx?.process(this.body);
      send("shown");
    });
    this.announce();
  }

  get isBusy() {
    const { activeElement } = document;
    const isTyping = this.body.contains(activeElement) && activeElement.matches("input, textarea, select");
    return isTyping || this.body.querySelector("dialog[open]") !== null;
  }

  get sentence() {
    return this.body.querySelector("[data-say]")?.textContent.trim();
  }

  announce() {
    if (this.sentence === this.spoken) return;
    this.spoken = this.sentence;
    speak(this.sentence, this.body.querySelector("[data-say-now]") !== null);
  }

  watch() {
    if (this.waiting && !this.isBusy) this.show(this.waiting);
    this.tell();
  }

  tell() {
    const seconds = Math.max(0, Math.round((now() - this.confirmedAt) / 1000));
    const hasEnded = this.ended?.hidden === false;
    const isLost = hasEnded || this.link?.isLost === true;
    if (this.wasLost !== isLost) this.tellOfNetwork(isLost, hasEnded);
    this.wasLost = isLost;
    this.mark(hasEnded || seconds >= OLD_SECONDS);
    if (!this.age) return;
    const text = this.ageWords(seconds, hasEnded ? words.ended : isLost ? words.offline : null);
    if (this.age.textContent !== text) this.age.textContent = text;
    this.age.classList.toggle("is-live", this.link?.isConnected === true && seconds < OLD_SECONDS);
    this.age.classList.toggle("is-off", isLost);
  }

  /** The age ticks in silence; that the network has gone, or come back, is said once. */
  tellOfNetwork(isLost, hasEnded) {
    if (isLost && !hasEnded) speak(say(words.gone, { time: clockTime(this.confirmedAt) }));
    if (isLost || this.wasLost === undefined) return;
    send("true");
    speak(words.back);
  }

  ageWords(seconds, lost) {
    if (lost) return say(lost, { time: clockTime(this.confirmedAt) });
    if (seconds < 2) return words.now;
    return seconds < 60 ? say(words.seconds, { n: seconds }) : say(words.minutes, { n: Math.floor(seconds / 60) });
  }

  /** Places and waits are estimates of a moment. What is certain, a promise and its countdown, is not marked. */
  mark(isOld) {
    this.element.classList.toggle("is-old", isOld);
    for (const element of this.body.querySelectorAll("[data-live-old]")) {
      const text = isOld ? say(words.old, { time: clockTime(this.confirmedAt) }) : "";
      if (element.textContent !== text) element.textContent = text;
      element.hidden = !isOld;
    }
  }
}

for (const element of document.querySelectorAll("[data-live]")) new LiveCard(element);
