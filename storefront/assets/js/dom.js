/** Build elements without HTML strings, so that no text from the API can ever become markup. */

/**
 * @param {string} tag
 * @param {object} attributes a function becomes an event listener ("click": handler); true is an empty attribute;
 *   false, null and undefined are left out
 * @param {...(Node | string | null | undefined)} children strings become text nodes
 */
export function h(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name, value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value != null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child != null));
  return element;
}

const SVG = "http://www.w3.org/2000/svg";

/** The plumb bob of the brand; `motion` is "swing", "settle" or nothing. */
export function bob(motion = "") {
  const svg = document.createElementNS(SVG, "svg");
  svg.setAttribute("class", `bob ${motion}`.trim());
  svg.setAttribute("aria-hidden", "true");
  const use = document.createElementNS(SVG, "use");
  use.setAttribute("href", "/assets/plumb.svg#bob");
  svg.append(use);
  return svg;
}

/** A label and its value, for a <dl class="figures">, with an optional remark under it. */
export function figure(label, value, testId, remark) {
  return h("div", {},
    h("dt", {}, label),
    h("dd", {},
      h("strong", { "data-testid": testId }, value),
      remark ? h("span", { class: "quiet" }, remark) : null));
}

/** Run `work` with the button marked busy, so that a second click does nothing. */
export async function whileBusy(button, label, work) {
  const before = button.textContent;
  button.disabled = true;
  button.textContent = label;
  try {
    return await work();
  } finally {
    button.disabled = false;
    button.textContent = before;
  }
}
