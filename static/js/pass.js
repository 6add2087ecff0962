// The pass: keeps the screen on while it is in view, and shows it as large as the screen for the scanner. Without script it is what stands there.
//
//   <section data-pass>
//     <div data-pass-picture>the QR</div>  <div data-pass-code>the code</div>
//     <button data-pass-big hidden>Show it large</button>
//     <button data-pass-awake aria-pressed="true" hidden>Screen stays on</button>
//     <p data-pass-bright hidden>turn the brightness up</p>      said once per phone
//     <template data-pass-sheet><dialog>… <div data-pass-large></div> …</dialog></template>
//   </section>

const ASLEEP = "screen-may-sleep";
const BRIGHT = "brightness-said";

const stored = (key) => {
  try { return localStorage.getItem(key); } catch { return null; }
};
const store = (key, value) => {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, value);
  } catch { /* private mode: holds for this page */ }
};

const isBrightnessSaid = stored(BRIGHT) !== null;
let mayStayOn = stored(ASLEEP) === null;
let inView = false;
let lock = null;
let asking = false;

/** Holds the screen exactly while the pass is looked at; the browser lets go by itself when the page is hidden. */
const hold = async () => {
  const wanted = mayStayOn && !document.hidden && (inView || sheet()?.open === true);
  if (!wanted) {
    const held = lock;
    lock = null;
    return held?.release();
  }
  if (lock || asking || !navigator.wakeLock) return;
  asking = true;
  try {
    lock = await navigator.wakeLock.request("screen");
    lock.addEventListener("release", () => { lock = null; });
  } catch { /* low battery, or not allowed: the screen goes dark as it does */ } finally {
    asking = false;
  }
};

const sheet = () => document.getElementById("pass-sheet");

/** One sheet for the page: the card is replaced again and again, and should not take an open pass away. */
const openSheet = (pass) => {
  if (!sheet()) document.body.append(pass.querySelector("[data-pass-sheet]").content.cloneNode(true));
  const parts = ["[data-pass-picture]", "[data-pass-code]"].map((name) => pass.querySelector(name).cloneNode(true));
  sheet().querySelector("[data-pass-large]").replaceChildren(...parts);
  sheet().showModal();
  sheet().onclose = () => {
    // The button that opened it may have gone with its card.
    if (document.activeElement === document.body) document.querySelector("[data-pass-big]")?.focus();
    hold();
  };
  hold();
};

const view = new IntersectionObserver((entries) => {
  inView = entries.at(-1).isIntersecting;
  hold();
}, { threshold: 0.5 });

const setUp = () => {
  const pass = document.querySelector("[data-pass]");
  view.disconnect();
  inView = false;
  if (!pass) {
    // Nobody asks for the code any more: the sheet would hide what happens next.
    sheet()?.close();
    return hold();
  }
  const awake = pass.querySelector("[data-pass-awake]");
  pass.querySelector("[data-pass-big]").hidden = false;
  awake.hidden = !navigator.wakeLock;
  awake.setAttribute("aria-pressed", String(mayStayOn));
  pass.querySelector("[data-pass-bright]").hidden = isBrightnessSaid;
  store(BRIGHT, "1");
  view.observe(pass);
};

document.addEventListener("click", (event) => {
  const pass = event.target.closest("[data-pass]");
  if (!pass) return;
  if (event.target.closest("[data-pass-big]")) openSheet(pass);
  const awake = event.target.closest("[data-pass-awake]");
  if (!awake) return;
  mayStayOn = !mayStayOn;
  awake.setAttribute("aria-pressed", String(mayStayOn));
  store(ASLEEP, mayStayOn ? null : "1");
  hold();
});
document.addEventListener("visibilitychange", hold);
document.addEventListener("swapline:shown", setUp);
setUp();
