// What a browser alone can tell of a page. Evaluates to an object of questions, each answered by a list of faults in words.
// Everything that belongs to one look is asked in one call: the way from the test to the browser takes longer than the answers.
(() => {
  const TAP_PX = 48;
  const ROUNDING_PX = 0.75;
  const TARGETS = "a[href], button, summary, select, textarea, input:not([type=hidden]), [role=button], [tabindex='0'][role=slider]";

  const name = (element) => {
    const words = (element.getAttribute("aria-label") ?? element.textContent ?? "").trim().replace(/\s+/g, " ").slice(0, 40);
    return `<${element.tagName.toLowerCase()}${element.id ? `#${element.id}` : ""} class="${element.className.baseVal ?? element.className}"> ${words}`;
  };

  const isShown = (element) => {
    const box = element.getBoundingClientRect();
    return element.checkVisibility({ visibilityProperty: true, opacityProperty: true }) && box.width > 1 && box.height > 1;
  };

  /** A link that stretches over its card, or the label that a field can be tapped by, is as large as that. */
  const touched = (element) => {
    const own = element.getBoundingClientRect();
    if (stretches(element)) return element.offsetParent.getBoundingClientRect();
    const label = element.closest("label") ?? element.labels?.[0];
    if (!label || !["radio", "checkbox"].includes(element.type)) return own;
    return label.getBoundingClientRect();
  };

  const stretches = (element) => {
    const after = getComputedStyle(element, "::after");
    return after.content !== "none" && after.position === "absolute" && [after.top, after.left, after.bottom, after.right].every((side) => side === "0px");
  };

  /** WCAG excepts links inside a sentence: their line cannot be higher than the text. */
  const isInSentence = (element) =>
    element.tagName === "A" && getComputedStyle(element).display === "inline" &&
    element.parentElement.textContent.trim().length > element.textContent.trim().length;

  const smallTargets = () => [...document.querySelectorAll(TARGETS)]
    .filter((element) => isShown(element) && !isInSentence(element) && !element.disabled)
    .filter((element) => !element.closest(".leaflet-control-attribution"))
    .map((element) => [element, touched(element)])
    .filter(([, box]) => Math.min(box.width, box.height) < TAP_PX - ROUNDING_PX)
    .map(([element, box]) => `${Math.round(box.width)} × ${Math.round(box.height)} px: ${name(element)}`);

  const scrolls = (element) => {
    for (let at = element; at && at !== document.body; at = at.parentElement) {
      if (["auto", "scroll", "hidden", "clip"].includes(getComputedStyle(at).overflowX)) return true;
    }
    return false;
  };

  const overflowing = () => {
    if (document.documentElement.scrollWidth <= innerWidth) return [];
    const wide = [...document.body.querySelectorAll("*")]
      .filter((element) => isShown(element) && element.getBoundingClientRect().right > innerWidth + 1 && !scrolls(element));
    return [`the page is ${document.documentElement.scrollWidth} px wide in ${innerWidth} px`, ...wide.slice(0, 5).map(name)];
  };

  const clipped = () => [...document.body.querySelectorAll("*")]
    .filter((element) => isShown(element) && element.textContent.trim())
    // A map is a window: what is beyond its frame is not lost. And some words are for who listens.
    .filter((element) => !element.closest(".map-view, .unseen"))
    .filter((element) => ["hidden", "clip"].includes(getComputedStyle(element).overflowY))
    .filter((element) => element.scrollHeight > element.clientHeight + 2)
    .map((element) => `text is cut off: ${name(element)}`);

  /** What stays in its place while the page is scrolled takes away from the page: no more than a third of it. */
  const crowded = () => {
    const bars = [...document.body.querySelectorAll("*")]
      .filter((element) => isShown(element) && ["fixed", "sticky"].includes(getComputedStyle(element).position) && !scrolls(element));
    const taken = bars.map((element) => element.getBoundingClientRect().height).reduce((sum, height) => sum + height, 0);
    return taken <= innerHeight / 3 ? [] : [`${Math.round(taken)} of ${innerHeight} px do not scroll: ${bars.map(name).join(", ")}`];
  };

  /** An opened menu can be reached: what is beyond the left edge cannot even be scrolled to. */
  const menuOutside = () => {
    const menu = document.querySelector(".menu");
    if (!menu) return [];
    menu.open = true;
    const { left, right } = menu.querySelector(".menu-body").getBoundingClientRect();
    menu.open = false;
    return left >= 0 && right <= innerWidth + 1 ? [] : [`the menu is from ${Math.round(left)} to ${Math.round(right)} of ${innerWidth} px`];
  };

  /** Another viewport or theme is drawn with the frame after next. */
  const drawn = () => new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });

  const settled = async () => {
    await drawn();
    await new Promise((done) => { setTimeout(done, 50); });
  };

  /** What is wrong in two looks one after the other: between two layouts a page may look odd for a frame. */
  const inTwoLooks = async (look) => {
    await drawn();
    if (!look().length) return [];
    await settled();
    return look();
  };

  const judged = (questions) => inTwoLooks(() => questions.flatMap((question) => QUESTIONS[question]()));

  const enlarge = () => { document.documentElement.style.fontSize = "200%"; };

  /** The spacing of WCAG 1.4.12, as a sheet that no policy for style elements concerns. */
  const space = () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(
      "* { line-height: 1.5 !important; letter-spacing: 0.12em !important; word-spacing: 0.16em !important }" +
      " p { margin-block-end: 2em !important }",
    );
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
  };

  const restore = () => {
    document.documentElement.style.fontSize = "";
    document.adoptedStyleSheets = [];
  };

  /** Whether the page bears letters of twice the size, and a reader's own spacing. */
  const stretched = async () => {
    const faults = [];
    for (const [name, change] of Object.entries({ "at 200 %": enlarge, "with wide spacing": space })) {
      change();
      faults.push(...(await judged(["overflowing", "clipped"])).map((fault) => `${name}, ${fault}`));
      restore();
    }
    return faults;
  };

  /** Only rules about colours look at another theme: the elements and their words are the same in it. */
  const axed = async (tags, isSecondTheme) => {
    const colours = axe.getRules(tags).filter((rule) => rule.tags.includes("cat.color")).map((rule) => rule.ruleId);
    const runOnly = isSecondTheme ? { type: "rule", values: colours } : { type: "tag", values: tags };
    const { violations } = await axe.run(document, { runOnly, resultTypes: ["violations"] });
    return violations.map(({ id, help, nodes }) => `axe ${id}: ${help} (${nodes.slice(0, 3).map(({ target }) => target).join(", ")})`);
  };

  /** What `look` still finds when the browser has had its time: it scrolls to what gets the focus when it likes. */
  const inTheEnd = async (look) => {
    let faults = look();
    for (let tries = 0; faults.length && tries < 50; tries += 1) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      faults = look();
    }
    return faults;
  };

  const focusFaults = (element) => {
    const faults = [];
    const shown = element.closest("label:focus-within") ?? element;
    const style = [element, shown].map((one) => getComputedStyle(one));
    const rings = style.some((one) => (one.outlineStyle !== "none" && parseFloat(one.outlineWidth) > 0) || one.boxShadow !== "none");
    if (!rings) faults.push(`the focus does not show: ${name(element)}`);
    const box = touched(element);
    const xs = [0.1, 0.5, 0.9].map((part) => box.left + box.width * part);
    const ys = [0.15, 0.5, 0.85].map((part) => box.top + box.height * part);
    const hit = xs.some((x) => ys.some((y) => {
      const top = document.elementFromPoint(x, y);
      return top && (element.contains(top) || top.contains(element) || top.closest("label")?.contains(element));
    }));
    if (!hit) faults.push(`the focus is covered: ${name(element)}`);
    return faults;
  };

  /** Whether the element that has the focus shows it, and is not wholly behind a bar. Null behind the last one. */
  const focused = async () => {
    const element = document.activeElement;
    if (!element || element === document.body) return null;
    const place = [...document.querySelectorAll("*")].indexOf(element);
    return { place, faults: await inTheEnd(() => focusFaults(element)) };
  };

  const QUESTIONS = { smallTargets, overflowing, clipped, crowded, menuOutside };

  return { drawn, judged, stretched, axed, focused };
})()
