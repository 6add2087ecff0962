// The plate field: an example of the chosen country, and how we keep what is typed, while it is typed. The server decides.
const form = document.querySelector("[data-plate]");

if (form) {
  const examples = JSON.parse(form.dataset.plateExamples);
  const { country, plate } = form.elements;
  const shown = form.querySelector("[data-plate-shown]");

  const kept = (typed) => [...typed.normalize("NFKC").toUpperCase().normalize("NFKC")].filter((sign) => /[\p{L}\p{N}]/u.test(sign)).join("");
  const example = () => { plate.placeholder = examples[country.value] ?? examples[""]; };
  const show = () => {
    const keeping = kept(plate.value);
    shown.hidden = !keeping;
    shown.textContent = `${form.dataset.plateKept} ${keeping}`;
  };

  country.addEventListener("change", example);
  plate.addEventListener("input", show);
  show();
}
