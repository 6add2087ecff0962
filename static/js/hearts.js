// The heart on a station without leaving the page. Without script the button sends the form #hearts and comes back.
//
//   <form id="hearts" method="post" data-hearts hidden>{csrf}<input name="next"></form>
//   <button class="heart" form="hearts" formaction="…/keep/" name="kept" value="1" aria-pressed="false">…</button>

document.addEventListener("submit", async (event) => {
  const heart = event.submitter;
  if (!event.target.matches("[data-hearts]") || !heart) return;
  event.preventDefault();
  if (heart.getAttribute("aria-busy")) return;
  heart.setAttribute("aria-busy", "true");
  try {
    const answer = await fetch(heart.formAction, { method: "POST", headers: { Accept: "application/json" }, body: new FormData(event.target, heart) });
    // Signed out meanwhile, or the list is full: the page itself can say so, a button cannot.
    if (!answer.ok || answer.redirected) throw new Error(answer.status);
    const { kept } = await answer.json();
    heart.setAttribute("aria-pressed", String(kept));
    heart.value = kept ? "0" : "1";
  } catch {
    event.target.action = heart.formAction;
    const field = Object.assign(document.createElement("input"), { type: "hidden", name: "kept", value: heart.value });
    event.target.append(field);
    event.target.submit();
  } finally {
    heart.removeAttribute("aria-busy");
  }
});
