// What lies under the stations when there are no tiles, or before they arrive: land, borders and the names of towns. scripts/ground.py
// cuts it into cells of ten degrees and says how they are written.

import { boxOf, meets } from "./map-pins.js";

const CELL = 10;
const TOWNS_SHOWN = 14;
const NAME_HEIGHT = 22;
const LETTER_WIDTH = 8;
const TOOLS_HEIGHT = 70;

const corner = (degrees) => Math.floor(degrees / CELL) * CELL;

const placesOf = (numbers, south, west) => {
  const places = [];
  for (let at = 0, x = 0, y = 0; at < numbers.length; at += 2) {
    x += numbers[at];
    y += numbers[at + 1];
    places.push([south + y / 1000, west + x / 1000]);
  }
  return places;
};

const read = async (address, south, west) => {
  const answer = await fetch(`${address}${south}_${west}.json`);
  // No such cell: nothing but sea.
  if (answer.status === 404) return { land: [], borders: [], towns: [] };
  if (!answer.ok) throw new Error(`ground: ${answer.status}`);
  return answer.json();
};

const drawCell = (map, { land, borders, towns }, south, west) => {
  const options = { pane: "ground", renderer: map.groundRenderer, interactive: false };
  const rings = land.map((ring) => placesOf(ring, south, west));
  if (rings.length) L.polygon(rings, { ...options, className: "map-land", stroke: false, smoothFactor: 0.5 }).addTo(map);
  const lines = borders.map((line) => placesOf(line, south, west));
  if (lines.length) L.polyline(lines, { ...options, className: "map-border" }).addTo(map);
  return towns.map(([name, x, y, people]) => ({ name, people, at: L.latLng(south + y / 1000, west + x / 1000) }));
};

// The words of the rings are drawn over the towns.
const boxesOfWords = (map) => {
  const { left, top } = map.getContainer().getBoundingClientRect();
  return [...map.getContainer().querySelectorAll(".map-ring-word")].map((word) => {
    const { x, y, width, height } = word.getBoundingClientRect();
    return { x: x - left + width / 2, y: y - top + height / 2, width, height };
  });
};

const boxOfTown = (map, { name, at }) => ({ ...map.latLngToContainerPoint(at), width: name.length * LETTER_WIDTH + 8, height: NAME_HEIGHT });

// Bigger towns first; a name that would touch another name, a pin or the rim is left out.
const named = (map, towns, pins) => {
  const { x: right, y: bottom } = map.getSize();
  const taken = [...pins.filter((pin) => !pin.button.hidden).map((pin) => boxOf(map, pin)), ...boxesOfWords(map)];
  const kept = [];
  for (const town of towns) {
    if (kept.length === TOWNS_SHOWN) break;
    const box = boxOfTown(map, town);
    const isInside = box.x > box.width / 2 && box.x < right - box.width / 2 && box.y > NAME_HEIGHT && box.y < bottom - TOOLS_HEIGHT;
    if (!isInside || taken.some((other) => meets(box, other))) continue;
    taken.push(box);
    kept.push(town);
  }
  return kept;
};

const label = ({ name, at }) => {
  const html = Object.assign(document.createElement("span"), { className: "map-town", textContent: name });
  return L.marker(at, { pane: "towns", icon: L.divIcon({ className: "map-spot", html, iconSize: null }), keyboard: false, interactive: false });
};

/** Draws what is in view, now and after each move. Answers with a function that does so again. */
export const ground = (map, address, pins) => {
  map.createPane("ground").setAttribute("aria-hidden", "true");
  map.createPane("towns").setAttribute("aria-hidden", "true");
  map.groundRenderer = L.svg({ pane: "ground", padding: 0.5 });
  const names = L.layerGroup().addTo(map);
  const cells = new Map();

  const name = () => {
    const towns = [...cells.values()].flat().sort((a, b) => b.people - a.people);
    names.clearLayers();
    for (const town of named(map, towns, pins)) names.addLayer(label(town));
  };
  const load = async (south, west) => {
    const key = `${south}_${west}`;
    if (cells.has(key)) return;
    cells.set(key, []);
    try {
      cells.set(key, drawCell(map, await read(address, south, west), south, west));
      name();
    } catch {
      cells.delete(key); // tried again with the next move
    }
  };
  const look = () => {
    const view = map.getBounds().pad(0.2);
    for (let south = corner(view.getSouth()); south < view.getNorth(); south += CELL) {
      for (let west = corner(view.getWest()); west < view.getEast(); west += CELL) load(south, west);
    }
    name();
  };
  map.on("moveend", look);
  look();
  return look;
};
