// One tap, one request: a form that is on its way cannot be sent again, and its button shows that something happens; so does a link.
// The server is the one who guarantees it (idempotency keys); this only spares the driver the doubt.
// A link to a file leaves the page where it is: it has data-many, like a form that may be sent again and again.

const PATIENCE_MS = 15000;

const busy = (form, submitter) => {
  form.dataset.sending = "";
  if (!submitter) return;
  submitter.setAttribute("aria-busy", "true");
  submitter.setAttribute("aria-disabled", "true");
};

const free = (form) => {
  delete form.dataset.sending;
  for (const button of form.ownerDocument.querySelectorAll("[aria-busy]")) {
    if (button.form !== form) continue;
    button.removeAttribute("aria-busy");
    button.removeAttribute("aria-disabled");
  }
};

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method === "dialog" || form.hasAttribute("data-many") || event.defaultPrevented) return;
  if ("sending" in form.dataset) {
    event.preventDefault();
    return;
  }
  // The button is marked, not disabled: a disabled button's name and value would be missing from the request.
  busy(form, event.submitter);
  // A download or a lost network leaves us on this page; nobody should be locked out of trying again.
  setTimeout(() => free(form), PATIENCE_MS);
});

const rest = (link) => link.removeAttribute("aria-busy");

/** Whether a tap on the link makes this page go away. */
const leads = (link, event) => {
  const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  const isHere = link.pathname === location.pathname && link.search === location.search && link.hash;
  return isPlain && link.origin === location.origin && !isHere && !link.target && !link.hasAttribute("download") && !link.hasAttribute("data-many");
};

// At the window, so that whoever handles a tap by script has said so by then.
addEventListener("click", (event) => {
  const link = event.target.closest?.("a[href]");
  if (!link || event.defaultPrevented || !leads(link, event)) return;
  for (const other of document.querySelectorAll("a[aria-busy]")) rest(other);
  link.setAttribute("aria-busy", "true");
  setTimeout(() => rest(link), PATIENCE_MS);
});

// Back through the back/forward cache shows the page as it was left, that is: busy.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const link of document.querySelectorAll("a[aria-busy]")) rest(link);
  for (const form of document.querySelectorAll("form[data-sending]")) free(form);
});

// htmx sends without leaving the page.
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) free(form);
});
