// One tap, one request: a form that is on its way cannot be sent again, and its button shows that something happens.
// The server is the one who guarantees it (idempotency keys); this only spares the driver the doubt.

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
  setTimeout(() => free(form), 15000);
});

// Back through the back/forward cache shows the page as it was left, that is: busy.
addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sending]")) free(form);
});

// htmx sends without leaving the page.
document.addEventListener("htmx:afterRequest", (event) => {
  const form = event.target.closest?.("form");
  if (form) free(form);
});
