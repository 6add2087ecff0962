// Small manners of every page: a refused field that is focused, menus that close by themselves, sheets that open. Without script each has a
// way of its own: a field says what is wrong with it, a menu is a <details>, an opener is a link to a page of its own.

// What has to be set right comes first. A field is marked by the server; what it said of the whole form has the focus already (autofocus).
document.querySelector('[aria-invalid="true"]')?.focus();

// What was done is said by the page's answer itself.
const answer = document.querySelector("[data-answered]") && document.getElementById("answer");
if (answer) {
  answer.tabIndex = -1;
  answer.focus({ preventScroll: true });
}

const closeMenus = (except) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) if (menu !== except) menu.open = false;
};

document.addEventListener("click", (event) => {
  closeMenus(event.target.closest("details.menu"));

  const opener = event.target.closest("[data-opens]");
  const sheet = opener && document.getElementById(opener.dataset.opens);
  if (sheet?.showModal) {
    event.preventDefault();
    sheet.showModal();
  }

  const closer = event.target.closest("[data-closes]");
  if (closer) closer.closest("dialog")?.close();
  // A tap beside the sheet lands on the dialog itself.
  if (event.target.matches("dialog.sheet")) event.target.close();
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  const menu = event.target.closest("details.menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});
