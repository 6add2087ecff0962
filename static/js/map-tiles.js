// The operator's tiles over our own ground, which stays to be seen wherever a tile does not come. Pictures as they are; vector tiles (the
// Protomaps basemap) in the page's colours, by day and by night.

const ROADS = { highway: 5, major_road: 3.5, medium_road: 2.5, minor_road: 1.5 };
const GREENS = ["park", "forest", "wood", "grass", "cemetery", "nature_reserve", "golf_course", "garden", "national_park"];

// Canvas knows no custom properties, so the style sheet is asked what they come to just now.
const inks = (view) => {
  const probe = view.appendChild(document.createElement("i"));
  const ink = (name) => {
    probe.className = `map-ink map-ink--${name}`;
    return getComputedStyle(probe).color;
  };
  const found = Object.fromEntries(["land", "sea", "green", "road", "edge", "word", "halo"].map((name) => [name, ink(name)]));
  probe.remove();
  return found;
};

// Roads grow with the zoom, as they do on the ground.
const width = (base) => (zoom) => base * Math.max(0.3, 1.35 ** (zoom - 14));

const paint = ({ land, sea, green, road, edge }) => {
  const { PolygonSymbolizer, LineSymbolizer } = protomapsL;
  const is = (...kinds) => (_zoom, { props }) => kinds.includes(props.kind);
  return [
    { dataLayer: "earth", symbolizer: new PolygonSymbolizer({ fill: land }) },
    { dataLayer: "landuse", symbolizer: new PolygonSymbolizer({ fill: green }), filter: is(...GREENS) },
    { dataLayer: "water", symbolizer: new PolygonSymbolizer({ fill: sea }), filter: (_zoom, { geomType }) => geomType === 3 },
    { dataLayer: "water", symbolizer: new LineSymbolizer({ color: sea, width: 2 }), filter: (_zoom, { geomType }) => geomType === 2 },
    ...Object.entries(ROADS).reverse().map(([kind, base]) => (
      { dataLayer: "roads", symbolizer: new LineSymbolizer({ color: road, width: width(base) }), filter: is(kind), minzoom: base < 2 ? 12 : 0 }
    )),
    { dataLayer: "roads", symbolizer: new LineSymbolizer({ color: edge, width: 1, dash: [4, 3] }), filter: is("rail") },
    { dataLayer: "boundaries", symbolizer: new LineSymbolizer({ color: edge, width: 1, dash: [3, 3] }) },
  ];
};

const label = ({ word, halo }, lang) => {
  const { CenteredTextSymbolizer, LineLabelSymbolizer } = protomapsL;
  const text = { labelProps: [`name:${lang}`, "name"], fill: word, stroke: halo, width: 2 };
  return [
    { dataLayer: "places", symbolizer: new CenteredTextSymbolizer({ ...text, font: "700 13px sans-serif" }), filter: (_zoom, { props }) => props.kind !== "country" },
    { dataLayer: "roads", symbolizer: new LineLabelSymbolizer({ ...text, font: "500 12px sans-serif" }), minzoom: 14 },
  ];
};

const vector = (map, url) => {
  const view = map.getContainer();
  const { lang } = document.documentElement;
  const rules = () => {
    const found = inks(view);
    return { paintRules: paint(found), labelRules: label(found, lang.split("-")[0]) };
  };
  const layer = protomapsL.leafletLayer({ url: new URL(url, location.href).href, lang, attribution: "", ...rules() });
  const repaint = () => {
    Object.assign(layer, rules());
    layer.clearLayout();
    layer.rerenderTiles();
  };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", repaint);
  new MutationObserver(repaint).observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return layer;
};

export const tiles = (map, { tiles: kind, tilesUrl }) => {
  const layer = kind === "vector" ? vector(map, tilesUrl) : L.tileLayer(tilesUrl, { attribution: "", maxZoom: 19 });
  layer.addTo(map);
};
