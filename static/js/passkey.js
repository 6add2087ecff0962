// Passkeys: makes one, signs in with one. Everything else works without it.
//
//   <form method="post" action="…" data-passkey="create|get" data-options="…" hidden>
//     <template data-passkey-words data-here="…" data-stopped="…" data-failed="…"></template>
//     <input type="hidden" name="credential">  <button>…</button>  <p role="status" data-passkey-says hidden></p>
//   </form>
// data-given instead of data-options: the id of a JSON block that has them.
//   <p data-passkey-none hidden>…</p>                  shown instead where the browser has no passkeys
//   <input type="hidden" data-passkey-word name="passkeys" disabled>   sent along where it has them
// data-passkey-first: moved before that form, as the primary way in, on a device that has used a passkey here.
// A field with autocomplete="… webauthn" lets the browser offer a passkey while one types.

const CAN = Boolean(window.PublicKeyCredential && navigator.credentials?.get && isSecureContext);
const KEY = "has-passkey";

const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (letter) => letter.charCodeAt(0));
const text = (buffer) => {
  let letters = "";
  for (const byte of new Uint8Array(buffer)) letters += String.fromCharCode(byte);
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
};

const known = () => {
  try {
    return localStorage.getItem(KEY) === "yes";
  } catch {
    return false;
  }
};
const remember = () => {
  try {
    localStorage.setItem(KEY, "yes");
  } catch {
    // A browser that keeps nothing shows the code first; the passkey works all the same.
  }
};

const descriptors = (list) => (list ?? []).map((one) => ({ ...one, id: bytes(one.id) }));
const fromServer = ({ publicKey }) => ({
  ...publicKey,
  challenge: bytes(publicKey.challenge),
  ...(publicKey.user && { user: { ...publicKey.user, id: bytes(publicKey.user.id) } }),
  ...(publicKey.excludeCredentials && { excludeCredentials: descriptors(publicKey.excludeCredentials) }),
  ...(publicKey.allowCredentials && { allowCredentials: descriptors(publicKey.allowCredentials) }),
});

const toServer = (credential) => {
  const response = {};
  for (const name of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (credential.response[name]) response[name] = text(credential.response[name]);
  }
  const { id, type, authenticatorAttachment } = credential;
  return JSON.stringify({ id, rawId: text(credential.rawId), type, authenticatorAttachment, response });
};

const ask = async (form) => {
  // The page may bring them along; otherwise they are made when they are needed, because a challenge is good for one answer.
  if (form.dataset.given) return fromServer(JSON.parse(document.getElementById(form.dataset.given).textContent));
  const answer = await fetch(form.dataset.options, {
    method: "POST",
    headers: { Accept: "application/json", "X-CSRFToken": form.elements.csrfmiddlewaretoken.value },
  });
  if (answer.status === 403) {
    // Signed in too long ago: the page that asks who it is comes back here.
    const { go } = await answer.json().catch(() => ({}));
    if (go) {
      location.assign(go);
      return new Promise(() => {});
    }
  }
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return fromServer(await answer.json());
};

const send = (form, credential) => {
  form.elements.credential.value = toServer(credential);
  remember();
  form.requestSubmit();
  // It is on its way; whoever comes back to this page by the browser's memory starts afresh.
  form.elements.credential.value = "";
};

const tell = (form, sentence) => {
  const status = form.querySelector("[data-passkey-says]");
  status.textContent = sentence;
  status.hidden = !sentence;
};

// While one types the browser waits to be asked for a passkey; a tap on the button takes its place.
let waiting = null;

const hold = async (form) => {
  const button = form.querySelector("button");
  waiting?.abort();
  tell(form, "");
  button.setAttribute("aria-busy", "true");
  try {
    const publicKey = await ask(form);
    send(form, await navigator.credentials[form.dataset.passkey]({ publicKey }));
  } catch (error) {
    const reasons = { NotAllowedError: "stopped", AbortError: "stopped", InvalidStateError: "here" };
    const words = form.querySelector("[data-passkey-words]").dataset;
    tell(form, words[reasons[error.name]] ?? words.failed);
  } finally {
    button.removeAttribute("aria-busy");
  }
};

const offerWhileTyping = async (form) => {
  if (!(await PublicKeyCredential.isConditionalMediationAvailable?.())) return;
  waiting = new AbortController();
  try {
    const publicKey = await ask(form);
    const credential = await navigator.credentials.get({ publicKey, mediation: "conditional", signal: waiting.signal });
    send(form, credential);
  } catch {
    // Nobody asked for it, so nobody is told that it did not happen.
  }
};

for (const form of document.querySelectorAll("form[data-passkey]")) {
  if (!CAN) break;
  form.hidden = false;
  form.addEventListener("submit", (event) => {
    if (form.elements.credential.value) return;
    event.preventDefault();
    if (!form.querySelector("[aria-busy]")) hold(form);
  });
  if (form.dataset.passkeyFirst && known()) {
    const other = document.getElementById(form.dataset.passkeyFirst);
    other.before(form);
    other.querySelector(".button--primary")?.classList.remove("button--primary");
    form.querySelector("button").classList.add("button--primary");
  }
  if (document.querySelector("input[autocomplete~='webauthn']") && form.dataset.passkey === "get") offerWhileTyping(form);
}
for (const part of document.querySelectorAll("[data-passkey-none]")) part.hidden = CAN;
for (const word of document.querySelectorAll("[data-passkey-word]")) word.disabled = !CAN;
