// The stations as buttons on the map, in the list's order. Where two would touch, the better one stands for both and counts the other.

// What is closer than that could be hit by mistake.
const AIR = 6;

export const meets = (a, b) => Math.abs(a.x - b.x) < (a.width + b.width) / 2 && Math.abs(a.y - b.y) < (a.height + b.height) / 2;

/** Where a pin's button is in the view: above its place, or on it when it is a quiet one. */
export const boxOf = (map, pin) => {
  // A hidden button has no size, so what it was at first is kept.
  pin.width ||= pin.button.offsetWidth;
  pin.height ||= pin.button.offsetHeight;
  const lift = pin.button.classList.contains("is-quiet") ? 0 : pin.height / 2 + 8;
  const { x, y } = map.latLngToContainerPoint(pin.at);
  return { x, y: y - lift, width: pin.width + AIR, height: pin.height + AIR };
};

export const pinsOf = (part, map) => [...part.querySelectorAll("[data-map-pin]")].map((template, rank, all) => {
  const button = template.content.firstElementChild.cloneNode(true);
  const at = L.latLng(Number(template.dataset.latitude), Number(template.dataset.longitude));
  const icon = L.divIcon({ className: "map-spot", html: button, iconSize: null });
  // Leaflet would make the mark itself a button around ours.
  const marker = L.marker(at, { icon, keyboard: false, interactive: false, zIndexOffset: (all.length - rank) * 1000 }).addTo(map);
  button.addEventListener("dblclick", (event) => event.stopPropagation());
  return { key: template.dataset.mapPin, rank, at, button, marker, others: [] };
});

const grouped = (map, pins, chosen) => {
  const leaders = [];
  // The chosen one is always seen, then the soonest.
  for (const pin of [...pins].sort((a, b) => (b === chosen) - (a === chosen) || a.rank - b.rank)) {
    pin.others = [];
    const box = boxOf(map, pin);
    const leader = leaders.find((other) => meets(boxOf(map, other), box));
    if (leader) leader.others.push(pin);
    else leaders.push(pin);
  }
  return leaders;
};

const count = (part, pin) => {
  const badge = pin.button.querySelector("[data-map-count]");
  badge.hidden = !pin.others.length;
  if (badge.hidden) return;
  const words = document.createElement("span");
  words.className = "unseen";
  words.textContent = `, ${part.querySelector(`[data-map-more="${pin.others.length}"]`).content.textContent}`;
  const number = document.createElement("span");
  number.ariaHidden = "true";
  number.textContent = `+${pin.others.length}`;
  badge.replaceChildren(number, words);
};

export const group = (part, map, pins, chosen) => {
  const focused = pins.find((pin) => pin.button === document.activeElement);
  const leaders = grouped(map, pins, chosen);
  for (const pin of pins) {
    pin.button.hidden = !leaders.includes(pin);
    pin.button.setAttribute("aria-pressed", String(pin === chosen));
    pin.marker.setZIndexOffset(pin === chosen ? 100_000 : (pins.length - pin.rank) * 1000);
    count(part, pin);
  }
  // Who stood on a pin that another one now stands for goes on from that one.
  if (focused?.button.hidden) leaders.find((pin) => pin.others.includes(focused)).button.focus({ preventScroll: true });
};
