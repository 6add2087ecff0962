// Keeps a person's place while a card is replaced under them: focus stays on the control that does the same, or goes to the card's heading
// when there is none any more; what was opened stays open; and a new answer comes into view.
//
//   <div data-live-card data-face="called">…<section class="plate"><h1>…      the face says which answer it is
//   <dialog class="sheet" id="cancel" data-asks-of="promised">                inside the card; closed when the next card asks another question, or none

const CONTROLS = "a, button, summary";

/** The same control in another card: by what it does, not by where it stands. */
const deed = (control) => control.id || control.getAttribute("href")
  || `${control.getAttribute("formaction") ?? control.textContent.trim()} ${control.value ?? ""}`;

const faceOf = (body) => body.querySelector("[data-live-card]")?.dataset.face;

const focusOn = (body, sought) => {
  const same = [...body.querySelectorAll(CONTROLS)].find((control) => deed(control) === sought);
  same?.focus({ preventScroll: true });
  if (same && document.activeElement === same) return;
  const heading = body.querySelector("h1, h2");
  heading?.setAttribute("tabindex", "-1");
  heading?.focus({ preventScroll: true });
};

const bringIntoView = (plate) => {
  const { top } = plate.getBoundingClientRect();
  if (top >= 0 && top < innerHeight / 2) return;
  const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
  plate.scrollIntoView({ block: "start", behavior: isStill ? "auto" : "smooth" });
};

/** A sheet that asks about a state which is over would be answered by mistake. */
export const closeWhatNobodyAsks = (body, card) => {
  const sheet = body.querySelector("dialog[open][data-asks-of]");
  if (sheet && card.getElementById(sheet.id)?.dataset.asksOf !== sheet.dataset.asksOf) sheet.close();
};

/** `replace` puts the new card into `body`; `shown` lets the page's other scripts finish it, and may close what hides it. */
export const keepPlace = (body, replace, shown) => {
  const focused = document.activeElement;
  const isInside = body.contains(focused);
  const sought = isInside && focused.matches(CONTROLS) ? deed(focused) : null;
  const opened = [...body.querySelectorAll("details[id][open]")].map((part) => part.id);
  const face = faceOf(body);
  replace();
  for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
  shown();
  // What was hidden just now has the focus until the page is drawn again.
  const isLost = document.activeElement === document.body || !document.activeElement.getClientRects().length;
  if (isInside || (isLost && focused !== document.body)) focusOn(body, sought);
  const plate = body.querySelector(".plate");
  if (plate && faceOf(body) !== face) bringIntoView(plate);
};
