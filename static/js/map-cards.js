// The list's side of a choice: outlines the card of the chosen station, shows it again right under the map, and gives each card of the
// list a way to its pin.

const listed = () => [...document.querySelectorAll("[data-on-map]")];

const again = (part, card) => {
  // The best station is a plate in the list; it has a card of its own for here.
  const best = part.querySelector("[data-map-best]");
  const source = best && !card.matches("li") ? best.content.firstElementChild : card;
  const copy = source.cloneNode(true);
  copy.classList.remove("is-chosen");
  copy.removeAttribute("data-on-map");
  for (const twin of copy.querySelectorAll("[id]")) twin.removeAttribute("id");
  copy.querySelector(".map-find")?.remove();
  return copy;
};

export const cardsOf = (part, choose) => {
  const place = part.querySelector("[data-map-chosen]");
  const mark = (key) => {
    const cards = listed();
    for (const card of cards) card.classList.toggle("is-chosen", card.dataset.onMap === key);
    const card = cards.find((one) => one.dataset.onMap === key);
    place.replaceChildren(...(card ? [again(part, card)] : []));
  };

  const ways = listed().map((card) => {
    const way = part.querySelector("[data-map-find]").content.firstElementChild.cloneNode(true);
    way.addEventListener("click", () => {
      choose(card.dataset.onMap);
      part.querySelector(".map").scrollIntoView({ block: "center", behavior: "smooth" });
      part.querySelector('.map-pin[aria-pressed="true"]').focus({ preventScroll: true });
    });
    // A keyboard's way through the list lights the pins up as it goes.
    card.addEventListener("focusin", () => choose(card.dataset.onMap));
    return card.appendChild(way);
  });
  const offer = (isShown) => ways.forEach((way) => { way.hidden = !isShown; });
  part.addEventListener("map:shown", () => offer(true));
  part.addEventListener("map:hidden", () => offer(false));

  return {
    mark,
    enter: () => place.querySelector("a, button")?.focus(),
    /** Whoever does not see the card come hears whose it is, and how to reach it. */
    tell: () => {
      const name = place.querySelector("h3")?.textContent;
      if (name) part.querySelector("[data-map-tells]").textContent = part.querySelector("[data-map-words]").dataset.chosen.replace("{station}", name);
    },
    reveal: () => place.firstElementChild?.scrollIntoView({ block: "nearest", behavior: "smooth" }),
  };
};
