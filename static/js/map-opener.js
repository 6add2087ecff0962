// "Show map": fetches the map when somebody asks for it, and nothing of it before. templates/booking/_map.html has the markup; without
// script there is no button, and the list says the same.
//
//   <section data-map data-module="…/map.js" data-leaflet="…/leaflet.js" data-styles="…/leaflet.css …/map.css">
//     <button data-map-toggle aria-expanded="false"><span data-map-word="show">…</span><span data-map-word="hide" hidden>…</span></button>
//     <p role="status" data-map-says></p>  <template data-map-words data-loading="…" data-failed="…"></template>
//     <div data-map-body hidden>…</div>

const arrives = (element) => new Promise((resolve, reject) => {
  element.addEventListener("load", resolve);
  element.addEventListener("error", () => {
    element.remove();
    reject(new Error("missing"));
  });
  document.head.append(element);
});

// Leaflet is a classic script: it puts itself on `window`, which a module's own variables never are.
const script = (src) => arrives(Object.assign(document.createElement("script"), { src }));
const style = (href) => arrives(Object.assign(document.createElement("link"), { rel: "stylesheet", href }));

const load = async ({ styles, leaflet, protomaps, module }) => {
  await Promise.all([...styles.split(" ").map(style), window.L ?? script(leaflet)]);
  if (protomaps && !window.protomapsL) await script(protomaps);
  return import(module);
};

const show = (part, isOpen) => {
  part.querySelector("[data-map-body]").hidden = !isOpen;
  part.querySelector("[data-map-toggle]").setAttribute("aria-expanded", String(isOpen));
  for (const word of part.querySelectorAll("[data-map-word]")) word.hidden = (word.dataset.mapWord === "hide") !== isOpen;
  part.dispatchEvent(new CustomEvent(isOpen ? "map:shown" : "map:hidden"));
};

const draw = async (part) => {
  const words = part.querySelector("[data-map-words]").dataset;
  const says = part.querySelector("[data-map-says]");
  const toggle = part.querySelector("[data-map-toggle]");
  says.textContent = words.loading;
  toggle.setAttribute("aria-busy", "true");
  try {
    const { draw: drawIn } = await load(part.dataset);
    show(part, true);
    drawIn(part);
    part.dataset.isDrawn = "";
    says.textContent = "";
  } catch (error) {
    show(part, false);
    says.textContent = words.failed;
    console.error(error);
  } finally {
    toggle.removeAttribute("aria-busy");
  }
};

document.addEventListener("click", (event) => {
  const toggle = event.target.closest("[data-map-toggle]");
  if (!toggle || toggle.hasAttribute("aria-busy")) return;
  const part = toggle.closest("[data-map]");
  if ("isDrawn" in part.dataset) show(part, toggle.getAttribute("aria-expanded") !== "true");
  else draw(part);
});
