// A page's connection to the server, which finds its way back by itself: a socket that tells, and asking by HTTP where no socket gets through.
// While the page is looked at, it is never longer without an attempt than three seconds; hidden, it does not try at all.
// Why these figures: docs/adr/live-updates.md.
//
//   new Link({ address, hear, ask, change })
//     address   the socket's URL, or null
//     hear      (message, first): what the socket told, and whether it is the first word of a new one
//     ask       async: fetches the truth by HTTP; true when it got it
//     change    called when the connection came or went; "refused" when the server does not want to tell this to this person

// A thousand phones lose a server in the same instant; they come back spread over this time.
const BACK_WITHIN_MS = 1500;
const BETWEEN_ATTEMPTS_MS = [2000, 3000];
// Where asking works and sockets do not, asking is all there is, for as long as it takes.
const BETWEEN_QUESTIONS_MS = [3000, 4000];
const SOCKETS_EVERY = 4;
// Sockets alone at first: behind a restart of seconds they cost the server less than questions do.
const SOCKETS_FIRST = 3;
const ASK_AFTER_MS = 700;
// Two of the server's beats and a bit: from then on silence means a dead connection.
const DEAD_MS = 9000;
// A browser opens one socket to a host at a time, so one that hangs keeps the next one waiting.
const PATIENCE_MS = 3000;
const LONG_PATIENCE_MS = 10000;

const between = ([least, most]) => least + Math.random() * (most - least);

export class Link {
  constructor({ address, hear, ask, change }) {
    Object.assign(this, { address, hear, ask, change });
    this.socket = null;
    this.trying = null;
    this.attempts = 0;
    this.asked = false;
    this.rests = false;
    // A page that has just come from the server is as good as a word.
    this.heardAt = "kept" in document.documentElement.dataset ? -Infinity : performance.now();
    addEventListener("online", () => this.again());
    addEventListener("offline", () => this.doubt());
    addEventListener("pageshow", (event) => { if (event.persisted) this.again(); });
    document.addEventListener("visibilitychange", () => this.shown());
    setInterval(() => this.look(), 1000);
    this.attempt();
  }

  /** Whether the server has been heard so lately that what it said still holds. */
  get isLive() {
    return performance.now() - this.heardAt < DEAD_MS;
  }

  get isConnected() {
    return this.isLive && (this.socket !== null || this.asked);
  }

  /** Whether trying has failed, and not only begun. */
  get isLost() {
    return !this.isLive && (this.attempts > 1 || !navigator.onLine || this.heardAt === -Infinity);
  }

  /** The browser says that there is no network. The next word proves it wrong. */
  doubt() {
    this.heardAt = -Infinity;
    this.change();
  }

  /** Forget the connection and make a new one, soon. */
  again(attempts = 0) {
    this.drop();
    this.attempts = attempts;
    this.attemptIn(Math.random() * BACK_WITHIN_MS / 3);
  }

  /** Each second, and when the page is shown again: a socket that has gone silent is dead and does not know it. */
  look() {
    if (document.hidden || this.rests || (this.socket && this.isLive)) return;
    // No server has closed it, so there is no crowd that comes back with us: we may ask as well, at once.
    if (this.socket) this.again(SOCKETS_FIRST);
    else if (!this.next) this.again();
  }

  shown() {
    if (document.hidden) return;
    this.rests = false;
    this.look();
  }

  /** Trying cannot help now; it may when the person comes back to this page, having signed in on another. */
  rest() {
    this.drop();
    clearTimeout(this.next);
    this.next = null;
    this.rests = true;
  }

  attemptIn(wait) {
    clearTimeout(this.next);
    this.next = setTimeout(() => this.attempt(), wait);
  }

  attempt() {
    clearTimeout(this.next);
    this.next = null;
    if (document.hidden || this.rests || this.socket) return;
    this.attempts += 1;
    const opened = (!this.asked || this.attempts % SOCKETS_EVERY === 0) && this.open();
    if (this.attempts > SOCKETS_FIRST || !this.address()) setTimeout(() => this.question(), opened ? ASK_AFTER_MS : 0);
    this.attemptIn(between(this.asked ? BETWEEN_QUESTIONS_MS : BETWEEN_ATTEMPTS_MS));
  }

  // --- The socket ---

  /** True when there is a new socket to wait for. */
  open() {
    const address = this.address();
    if (!address || this.trying) return false;
    const socket = new WebSocket(address);
    this.trying = socket;
    // Closing one that hangs may take the browser a minute to report: it is let go of at once.
    const patience = setTimeout(() => this.letGo(socket), this.attempts > SOCKETS_FIRST ? LONG_PATIENCE_MS : PATIENCE_MS);
    socket.onmessage = (event) => {
      clearTimeout(patience);
      this.told(socket, JSON.parse(event.data));
    };
    socket.onclose = ({ code }) => {
      clearTimeout(patience);
      this.closed(socket, code);
    };
    return true;
  }

  told(socket, message) {
    if (socket !== this.socket && socket !== this.trying) return;
    const first = socket !== this.socket;
    this.socket = socket;
    this.trying = null;
    this.attempts = 0;
    this.asked = false;
    this.heardAt = performance.now();
    if (message.type !== "beat") this.hear(message, first);
    if (first) this.change();
  }

  closed(socket, code) {
    const ours = socket === this.socket || socket === this.trying;
    const wasOpen = socket === this.socket;
    if (!ours) return;
    this.letGo(socket);
    // 44xx: the server does not tell this to this person (signed out, not theirs).
    if (code >= 4400 && code < 4500) return this.change("refused");
    if (!wasOpen) return;
    this.attemptIn(Math.random() * BACK_WITHIN_MS);
    this.change();
  }

  letGo(socket) {
    if (socket === this.socket) this.socket = null;
    if (socket === this.trying) this.trying = null;
    socket.close();
  }

  drop() {
    for (const socket of [this.socket, this.trying]) if (socket) this.letGo(socket);
  }

  // --- Asking instead ---

  async question() {
    if (this.socket || this.rests || document.hidden) return;
    const asked = await this.ask();
    if (this.socket) return;
    this.asked = asked;
    if (asked) this.heardAt = performance.now();
    this.change();
  }
}
