// A map of the stations that the list shows: its base, its pins, and one choice for both. Loaded by map-opener.js, after Leaflet.
// Every word and every number comes from templates/booking/_map.html; nothing is remembered and no position is asked for.

import { cardsOf } from "./map-cards.js";
import { ground } from "./map-ground.js";
import { hands } from "./map-hands.js";
import { group, pinsOf } from "./map-pins.js";
import { distances } from "./map-distances.js";

// Where the ground has no streets, a closer look shows nothing more.
const CLOSEST_ON_GROUND = 14;
const CLOSEST_ON_TILES = 18;
// The view opens on the best few: one station at the rim of 50 km would push all others into one spot.
const FITTED = 6;

/** For who wants no motion: whatever moves the map, it is there at once. Leaflet's own settings leave its gliding on. */
const calmed = (map) => {
  const { panBy } = map;
  map.panBy = (way, options) => panBy.call(map, way, { ...options, animate: false });
  return map;
};

const mapIn = (part) => {
  const isCalm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const hasTiles = Boolean(part.dataset.tiles);
  const map = L.map(part.querySelector("[data-map-view]"), {
    attributionControl: false, zoomControl: false, keyboard: false, scrollWheelZoom: false, worldCopyJump: true,
    zoomAnimation: !isCalm, fadeAnimation: !isCalm, markerZoomAnimation: !isCalm, inertia: !isCalm,
    minZoom: 5, maxZoom: hasTiles ? CLOSEST_ON_TILES : CLOSEST_ON_GROUND, zoomSnap: hasTiles ? 1 : 0.25,
  });
  return isCalm ? calmed(map) : map;
};

const startOf = ({ latitude, longitude }) => (latitude ? L.latLng(Number(latitude), Number(longitude)) : null);

const putStart = (part, map, at) => {
  const html = part.querySelector("[data-map-here]").content.firstElementChild.cloneNode(true);
  L.marker(at, { icon: L.divIcon({ className: "map-spot", html, iconSize: null }), keyboard: false, interactive: false, zIndexOffset: -500 }).addTo(map);
};

const fit = (map, pins, start) => {
  const places = pins.slice(0, FITTED).map((pin) => pin.at).concat(start ?? []);
  // A pin stands above its place, and the tools stand at the bottom.
  map.fitBounds(L.latLngBounds(places), { paddingTopLeft: [44, 76], paddingBottomRight: [44, 68], maxZoom: CLOSEST_ON_GROUND - 1, animate: false });
};

export const draw = (part) => {
  const map = mapIn(part);
  const pins = pinsOf(part, map);
  const start = startOf(part.dataset);
  fit(map, pins, start);
  if (start) putStart(part, map, start);
  let chosen = pins.length === 1 ? pins[0] : null;
  const cards = cardsOf(part, (key) => choose(pins.find((pin) => pin.key === key), { isFromList: true }));
  const arrange = () => group(part, map, pins, chosen);
  const choose = (pin, { isFromList = false } = {}) => {
    if (!pin) return;
    chosen = pin;
    cards.mark(pin.key);
    arrange();
    if (isFromList) map.panInside(pin.at, { padding: [64, 72] });
  };

  for (const pin of pins) {
    pin.button.addEventListener("click", (event) => {
      event.stopPropagation();
      if (map.dragging.moved()) return;
      const isSecond = pin === chosen && !pin.others.length;
      if (pin.others.length) map.fitBounds(L.latLngBounds([pin, ...pin.others].map((one) => one.at)), { padding: [72, 80] });
      choose(pin);
      // The first time says which one it is, the second goes on to what can be done there.
      if (isSecond) cards.enter();
      else {
        cards.reveal();
        cards.tell();
      }
    });
    pin.button.addEventListener("focus", () => map.panInside(pin.at, { padding: [64, 72], animate: false }));
  }
  map.on("zoomend", arrange);
  arrange();
  distances(part, map, start);
  const again = ground(map, part.dataset.ground, pins);
  if (part.dataset.tiles) import("./map-tiles.js").then(({ tiles }) => tiles(map, part.dataset));
  hands(part, map, () => fit(map, pins, start));
  part.addEventListener("map:shown", () => {
    map.invalidateSize({ animate: false });
    again();
  });
  part.addEventListener("map:hidden", () => cards.mark(null));
};
