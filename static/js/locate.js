// "Use my location": fills the latitude and longitude of a form and sends it. Chips for cities and the address field work without it.
//
//   <form data-locate>  <input type="hidden" name="lat">  <input type="hidden" name="lon">
//     <button type="button" data-locate-ask data-needs-script hidden>…</button>  <p role="status" data-locate-says hidden></p>
//     <template data-locate-words data-asking="…" data-refused="…" data-unavailable="…" data-slow="…"></template>
//   </form>
// With data-locate-quietly a permission given earlier is used by itself, once, if the form has no position yet.

const REASONS = { 1: "refused", 2: "unavailable", 3: "slow" };

const ask = (form) => {
  const words = form.querySelector("[data-locate-words]").dataset;
  const status = form.querySelector("[data-locate-says]");
  const button = form.querySelector("[data-locate-ask]");
  const tell = (text) => {
    status.textContent = text;
    status.hidden = !text;
  };
  // Without HTTPS the browser has no position at all and would not even ask.
  if (!navigator.geolocation || !isSecureContext) return tell(words.unavailable);
  tell(words.asking);
  button?.setAttribute("aria-busy", "true");
  navigator.geolocation.getCurrentPosition(
    ({ coords }) => {
      form.elements.lat.value = coords.latitude.toFixed(5);
      form.elements.lon.value = coords.longitude.toFixed(5);
      if (form.elements.acc) form.elements.acc.value = Math.round(coords.accuracy);
      // A typed place would contradict the position that was just asked for.
      if (form.elements.q) form.elements.q.value = "";
      form.requestSubmit();
    },
    (error) => {
      button?.removeAttribute("aria-busy");
      tell(words[REASONS[error.code]] ?? words.unavailable);
    },
    { enableHighAccuracy: false, timeout: 10000, maximumAge: 60000 },
  );
};

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-locate-ask]");
  if (button) ask(button.form?.closest("[data-locate]") ?? button.closest("[data-locate]"));
});

const quiet = document.querySelector("form[data-locate-quietly]");
if (quiet && !quiet.elements.lat.value) {
  // Only where it was granted before: nobody is asked for a position by a page that has just opened.
  navigator.permissions?.query({ name: "geolocation" }).then((permission) => {
    if (permission.state === "granted") ask(quiet);
  }).catch(() => {});
}
