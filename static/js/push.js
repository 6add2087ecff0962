// Telling this phone while its page is closed: asks after a tap, subscribes, hands the address to the server, says what stands in the way.
//
//   <section data-push data-key="…" data-worker="/sw.js" data-subscribe="/…/" data-seen="/…/">  {% csrf_token %}
//     <button type="button" data-push-ask hidden>…</button>  <p role="status" data-push-says hidden></p>
//     <template data-push-words data-asking data-on data-denied data-dismissed data-impossible data-install data-failed></template>
//   </section>
// Without the button it only tells the server that this phone is in use, and by whom. data-reload shows the page anew when done.

const root = document.querySelector("[data-push]");
const button = root.querySelector("[data-push-ask]");
const status = root.querySelector("[data-push-says]");
const words = root.querySelector("[data-push-words]")?.dataset ?? {};

const tell = (word) => {
  if (!status) return;
  status.textContent = words[word];
  status.hidden = !words[word];
};

// Safari on iOS has push in the installed app alone, and does not even name it elsewhere.
const isPossible = "serviceWorker" in navigator && "PushManager" in window && "Notification" in window && isSecureContext;
const wantsInstalling = /iPhone|iPad/.test(navigator.userAgent) && !matchMedia("(display-mode: standalone)").matches;

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (c) => c.charCodeAt(0));

const post = (url, fields) => {
  const body = new FormData();
  body.set("csrfmiddlewaretoken", root.querySelector("[name=csrfmiddlewaretoken]").value);
  for (const [name, value] of Object.entries(fields)) body.set(name, value);
  return fetch(url, { method: "POST", body, credentials: "same-origin", redirect: "error" });
};

const worker = async () => {
  await navigator.serviceWorker.register(root.dataset.worker);
  return navigator.serviceWorker.ready;
};

// Of another key than ours it would be answered with 403 for ever: the installation has a new one.
const isOurs = (subscription) => {
  const key = subscription.options?.applicationServerKey;
  return !key || new Uint8Array(key).join() === bytes(root.dataset.key).join();
};

const subscription = async (manager) => {
  const known = await manager.getSubscription();
  if (known && isOurs(known)) return known;
  await known?.unsubscribe();
  return manager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(root.dataset.key) });
};

const ask = async () => {
  tell("asking");
  // Asked for in the tap itself: some browsers refuse to show the question later.
  const permission = await Notification.requestPermission();
  if (permission !== "granted") return tell(permission === "denied" ? "denied" : "dismissed");
  button.setAttribute("aria-busy", "true");
  try {
    const { endpoint, keys } = (await subscription((await worker()).pushManager)).toJSON();
    const answer = await post(root.dataset.subscribe, { endpoint, p256dh: keys.p256dh, auth: keys.auth });
    if (!answer.ok) return tell("failed");
    if ("reload" in root.dataset) return location.reload();
    for (const before of root.querySelectorAll("[data-push-before]")) before.hidden = true;
    tell("on");
  } catch {
    tell("failed");
  } finally {
    button.removeAttribute("aria-busy");
  }
};

// Whose phone is it? One that was somebody else's must not go on telling their matters here.
const look = async () => {
  const known = await (await navigator.serviceWorker.getRegistration())?.pushManager.getSubscription();
  if (!known) return false;
  const answer = await post(root.dataset.seen, { endpoint: known.endpoint });
  if (answer.status === 404) await known.unsubscribe();
  return answer.ok && isOurs(known);
};

const begin = async () => {
  if (!isPossible) return tell(wantsInstalling ? "install" : "impossible");
  if (Notification.permission === "denied") return tell("denied");
  const isTold = Notification.permission === "granted" && (await look().catch(() => false));
  if (!button || isTold) return;
  button.hidden = false;
  button.addEventListener("click", ask);
};

begin();
