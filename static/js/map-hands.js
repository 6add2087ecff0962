// How a map is moved. One finger scrolls the page, always: a map must not be a trap on the way down a list. Two fingers move and zoom it,
// a tap on an empty spot looks there (for who has one finger to spare), a mouse drags, Ctrl with the wheel zooms, keys do all of it.

const STEP = 90;
const WAYS = { ArrowUp: [0, -STEP], ArrowDown: [0, STEP], ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0] };
const ZOOMS = { "+": 1, "=": 1, "-": -1, _: -1 };
const HINT_MS = 2500;
const SIDEWAYS = 12;

const keys = (part, body, map) => body.addEventListener("keydown", (event) => {
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  if (event.key === "Escape") part.querySelector("[data-map-toggle]").focus();
  else if (WAYS[event.key]) map.panBy(WAYS[event.key]);
  else if (ZOOMS[event.key]) map.zoomIn(ZOOMS[event.key]);
  else return;
  event.preventDefault();
});

const fingers = (part, view, map) => {
  const hint = part.querySelector("[data-map-hint]");
  let pointer = "mouse";
  let from;
  let timer;
  // Before Leaflet hears of it. Its style for dragging would also keep one finger from scrolling; map.css says otherwise.
  view.addEventListener("pointerdown", (event) => {
    pointer = event.pointerType;
    map.dragging[pointer === "touch" ? "disable" : "enable"]();
  }, true);
  view.addEventListener("touchstart", ({ touches }) => { from = touches[0]; }, { passive: true });
  view.addEventListener("touchmove", ({ touches: [first, second] }) => {
    // Up and down is scrolling past. Sideways is somebody who wants to move the map.
    const isSideways = Math.abs(first.clientX - from.clientX) > SIDEWAYS + Math.abs(first.clientY - from.clientY);
    if (second) hint.hidden = true;
    if (second || !isSideways) return;
    hint.hidden = false;
    clearTimeout(timer);
    timer = setTimeout(() => { hint.hidden = true; }, HINT_MS);
  }, { passive: true });
  map.on("click", ({ latlng }) => { if (pointer === "touch") map.panTo(latlng); });
};

const wheel = (view, map) => view.addEventListener("wheel", (event) => {
  if (!event.ctrlKey) return;
  event.preventDefault();
  map.setZoomAround(map.mouseEventToContainerPoint(event), map.getZoom() - Math.sign(event.deltaY) * map.options.zoomSnap);
}, { passive: false });

export const hands = (part, map, fit) => {
  const body = part.querySelector(".map");
  const view = part.querySelector("[data-map-view]");
  keys(part, body, map);
  fingers(part, view, map);
  wheel(view, map);
  for (const tool of body.querySelectorAll("[data-map-zoom]")) tool.addEventListener("click", () => map.zoomIn(Number(tool.dataset.mapZoom)));
  body.querySelector("[data-map-fit]").addEventListener("click", fit);
};
