// The page of a one-time code: six digits send themselves, and a new code can be asked for when the old one had its time.
//
//   <form data-code>…<input autocomplete="one-time-code">…</form>
//   <p data-code-wait>…<time data-deadline="…">…</p>   <form data-code-again>…</form>

import { now } from "./clock.js";

const form = document.querySelector("form[data-code]");
const field = form?.querySelector("input[autocomplete='one-time-code']");
const wait = document.querySelector("[data-code-wait]");
const again = document.querySelector("[data-code-again]");

const sendWhenWhole = () => {
  // Pasted with blanks or a dash in the middle, as messages write it.
  const digits = field.value.replace(/[\s-]/g, "");
  if (!/^\d{6}$/.test(digits)) return;
  field.value = digits;
  form.requestSubmit();
};

field?.addEventListener("input", sendWhenWhole);
// The phone may have filled it in before this was loaded; a code that was refused is not sent again.
if (field && field.getAttribute("aria-invalid") !== "true") sendWhenWhole();

const show = () => {
  const due = Date.parse(wait.querySelector("[data-deadline]").dataset.deadline) <= now();
  wait.hidden = due;
  again.hidden = !due;
  if (!due) setTimeout(show, 1000);
};
if (wait && again) show();
