/** A choice of one among a few, as radio buttons that look like a switch. */

import { h } from "./dom.js";

/**
 * @param {string} legend what is chosen, for everybody
 * @param {string} name of the radio group, unique in the page
 * @param {[string, string][]} options value and label
 * @param {string} chosen a value
 * @param {(value: string) => void} choose called with the new value
 */
export function choice(legend, name, options, chosen, choose) {
  return h("fieldset", { class: "choice", "data-testid": `choose-${name}` },
    h("legend", {}, legend),
    h("div", {}, options.map(([value, label]) => h("label", {},
      h("input", { type: "radio", name, value, checked: value === chosen, change: () => choose(value) }),
      h("span", {}, label)))));
}
