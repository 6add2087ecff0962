// Puts the chosen theme on <html> before the first paint (a classic script in the head, on purpose), and works the chooser in the menu.
(() => {
  const KEY = "theme";
  const chosen = () => {
    try { return localStorage.getItem(KEY) || "system"; } catch { return "system"; }
  };
  const wear = (theme) => {
    if (theme === "system") delete document.documentElement.dataset.theme;
    else document.documentElement.dataset.theme = theme;
  };
  const mark = () => {
    for (const button of document.querySelectorAll("[data-choose-theme]")) {
      button.setAttribute("aria-pressed", String(button.dataset.chooseTheme === chosen()));
    }
  };

  wear(chosen());
  document.addEventListener("DOMContentLoaded", () => {
    // Without script the chooser would do nothing, so it is only shown here.
    for (const part of document.querySelectorAll("[data-needs-script]")) part.hidden = false;
    mark();
  });
  document.addEventListener("click", (event) => {
    const button = event.target.closest("[data-choose-theme]");
    if (!button) return;
    try { localStorage.setItem(KEY, button.dataset.chooseTheme); } catch { /* private mode: the choice lasts for this page */ }
    wear(button.dataset.chooseTheme);
    mark();
  });
})();
