// Small manners of every page: menus that close by themselves, sheets that open. Without script each has a way of its own: a menu is a
// <details>, an opener is a link to a page of its own.

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
