// Offers to put the app on the home screen, where a person looks for it: in the menu and under You. Never by itself.
//
//   <… data-install hidden>  <button type="button" data-install-ask>      where the browser asks when we say so
//   <… data-install-by-hand hidden>                                       where the person does it in the browser's own menu (iPhones)

const show = (name, isOffered) => {
  for (const part of document.querySelectorAll(`[${name}]`)) part.hidden = !isOffered;
};

let question = null;

addEventListener("beforeinstallprompt", (event) => {
  // The browser's own banner would come at a moment of its choosing.
  event.preventDefault();
  question = event;
  show("data-install", true);
});

addEventListener("appinstalled", () => show("data-install", false));

document.addEventListener("click", async (event) => {
  if (!event.target.closest("[data-install-ask]") || !question) return;
  const asked = question;
  // It may be asked once; the browser says when it may be asked again.
  question = null;
  show("data-install", false);
  await asked.prompt();
});

// Only browsers of iPhones and iPads know this property; false: in the browser, not from the home screen.
if (navigator.standalone === false && navigator.maxTouchPoints > 0) show("data-install-by-hand", true);
