// Suggestions under a field for a place: a combobox with a list (ARIA Authoring Practices, "list autocomplete with manual selection").
// Each suggestion is a search of its own, so choosing one opens its address; Enter without a choice sends the form as without script.
//
//   <div><input data-places="/places/" data-places-name="Places" data-places-count="Places found:"> …</div>

const WAIT_MS = 180;

const attach = (field) => {
  const list = Object.assign(document.createElement("ul"), { className: "places", id: `${field.id}-places`, hidden: true });
  list.setAttribute("role", "listbox");
  list.setAttribute("aria-label", field.dataset.placesName);
  const said = Object.assign(document.createElement("p"), { className: "unseen" });
  said.setAttribute("role", "status");
  field.parentElement.append(list, said);
  const set = (name, value) => field.setAttribute(name, value);
  for (const [name, value] of [["role", "combobox"], ["aria-autocomplete", "list"], ["aria-controls", list.id], ["aria-expanded", "false"]]) set(name, value);
  field.autocomplete = "off";

  let timer, request, at = -1;

  const close = () => {
    list.hidden = true;
    set("aria-expanded", "false");
    field.removeAttribute("aria-activedescendant");
    at = -1;
  };

  const mark = (index) => {
    const options = [...list.children];
    if (!options.length) return;
    at = (index + options.length) % options.length;
    options.forEach((option, number) => option.setAttribute("aria-selected", String(number === at)));
    set("aria-activedescendant", options[at].id);
    options[at].scrollIntoView({ block: "nearest" });
  };

  const show = (places) => {
    list.replaceChildren(...places.map(({ name, where, address }, number) => {
      const option = Object.assign(document.createElement("li"), { id: `${list.id}-${number}` });
      option.setAttribute("role", "option");
      option.setAttribute("aria-selected", "false");
      option.dataset.address = address;
      option.append(Object.assign(document.createElement("strong"), { textContent: name }));
      if (where) option.append(" ", Object.assign(document.createElement("span"), { className: "soft small", textContent: where }));
      return option;
    }));
    at = -1;
    field.removeAttribute("aria-activedescendant");
    list.hidden = !places.length;
    set("aria-expanded", String(places.length > 0));
    said.textContent = `${field.dataset.placesCount} ${places.length}`;
  };

  const ask = async () => {
    request?.abort();
    const words = field.value.trim();
    if (!words) return close();
    request = new AbortController();
    try {
      const answer = await fetch(`${field.dataset.places}?${new URLSearchParams({ q: words })}`, { signal: request.signal });
      if (answer.ok && document.activeElement === field) show((await answer.json()).places);
    } catch {
      // No network, or somebody types on: the field works without suggestions.
    }
  };

  field.addEventListener("input", (event) => {
    clearTimeout(timer);
    // A Thai or Chinese word is not finished while it is composed.
    if (!event.isComposing) timer = setTimeout(ask, WAIT_MS);
  });
  field.addEventListener("compositionend", () => {
    clearTimeout(timer);
    timer = setTimeout(ask, WAIT_MS);
  });
  field.addEventListener("keydown", (event) => {
    if (event.isComposing) return;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (list.hidden) return;
      event.preventDefault();
      mark(event.key === "ArrowDown" ? at + 1 : Math.max(at, 0) - 1);
    } else if (event.key === "Escape" && !list.hidden) {
      event.preventDefault();
      close();
    } else if (event.key === "Enter" && at >= 0) {
      event.preventDefault();
      location.assign(list.children[at].dataset.address);
    }
  });
  // Before the field loses its focus, which would close the list under the finger.
  list.addEventListener("pointerdown", (event) => event.preventDefault());
  list.addEventListener("click", (event) => {
    const option = event.target.closest("[role=option]");
    if (option) location.assign(option.dataset.address);
  });
  field.addEventListener("blur", close);
};

document.querySelectorAll("[data-places]").forEach(attach);
