// How far things are: rings around the driver, and a scale whose lengths the server has put into words.

const METRES_PER_DEGREE = 111_195;
const WIDEST_SCALE = 110;

const north = (at, metres) => L.latLng(at.lat + metres / METRES_PER_DEGREE, at.lng);

const ring = (map, start, { mapLength, words }) => {
  const metres = Number(mapLength);
  L.circle(start, { radius: metres, className: "map-ring", fill: false, interactive: false }).addTo(map);
  const html = Object.assign(document.createElement("span"), { className: "map-ring-word", textContent: words });
  html.ariaHidden = "true";
  L.marker(north(start, metres), { icon: L.divIcon({ className: "map-spot", html, iconSize: null }), keyboard: false, interactive: false, zIndexOffset: -900 }).addTo(map);
};

const metresAcross = (map, pixels) => {
  const { y } = map.getSize().divideBy(2);
  return map.distance(map.containerPointToLatLng([0, y]), map.containerPointToLatLng([pixels, y]));
};

export const distances = (part, map, start) => {
  // Nothing but the rings is drawn there, and a voice would call them a picture without a name.
  map.getPane("overlayPane").setAttribute("aria-hidden", "true");
  const lengths = [...part.querySelectorAll("[data-map-length]")].map((one) => ({
    mapLength: one.dataset.mapLength, isRing: "mapRing" in one.dataset, words: one.content.textContent,
  }));
  if (start) for (const length of lengths) if (length.isRing) ring(map, start, length);

  const bar = part.querySelector("[data-map-scale]");
  const measure = () => {
    const widest = metresAcross(map, WIDEST_SCALE);
    const longest = lengths.findLast(({ mapLength }) => Number(mapLength) <= widest) ?? lengths[0];
    bar.textContent = longest.words;
    bar.style.width = `${Math.round((Number(longest.mapLength) / widest) * WIDEST_SCALE)}px`;
  };
  for (const moved of ["zoomend", "moveend"]) map.on(moved, measure);
  measure();
};
