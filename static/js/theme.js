// Day or night without a round trip. The server reads the same cookie and draws with it; here it is put on <html> before the first
// paint as well (a classic script in the head, on purpose), for pages that were kept for offline before the choice was made.
(() => {
  const SIXTY_DAYS = 60 * 24 * 60 * 60;
  const chosen = () => document.cookie.match(/(?:^|; )theme=(light|dark)(?:;|$)/)?.[1] ?? "";
  const wear = (theme) => {
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  };
  const keep = (theme) => {
    const secure = location.protocol === "https:" ? "; secure" : "";
    document.cookie = `theme=${theme}; path=/; max-age=${theme ? SIXTY_DAYS : 0}; samesite=lax${secure}`;
  };
  const mark = () => {
    for (const button of document.querySelectorAll("[data-themes] [name=theme]")) {
      button.setAttribute("aria-pressed", String(button.value === chosen()));
    }
  };

  wear(chosen());
  // What does nothing without script is only shown here. Until then css/base.css keeps room for it, so that nothing moves.
  document.documentElement.dataset.scriptComes = "";
  document.addEventListener("DOMContentLoaded", () => {
    for (const part of document.querySelectorAll("[data-needs-script]")) part.hidden = false;
    delete document.documentElement.dataset.scriptComes;
    mark();
  });
  document.addEventListener("submit", (event) => {
    if (!event.target.matches("[data-themes]") || !navigator.cookieEnabled) return;
    event.preventDefault();
    keep(event.submitter.value);
    wear(chosen());
    mark();
  });
})();
