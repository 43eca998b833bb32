/** Credits that run out, soonest first: how many are left of each grant, and by when they must be used. */

import { h } from "./dom.js";
import { date, number, plural } from "./format.js";

/** @param {object[]} list the lots that anything is left of. @returns {HTMLElement | null} nothing when none expires */
export function lotsSection(list) {
  const expiring = list.filter((lot) => lot.expiresAt && lot.left > 0)
    .sort((one, other) => one.expiresAt.localeCompare(other.expiresAt));
  if (expiring.length === 0) return null;
  return h("section", { "aria-labelledby": "lots-title" },
    h("h2", { id: "lots-title" }, "Credits that expire"),
    h("ul", { class: "rows", "data-testid": "lots" }, expiring.map(({ left, granted, expiresAt }) => h("li", {},
      h("strong", {}, plural(left, "credit")),
      h("span", { class: "quiet" }, `use by ${date(expiresAt)}`),
      h("progress", { class: "left", max: granted, value: left, "aria-label": `${number(left)} of ${number(granted)} left` }),
      h("span", { class: "quiet" }, `of ${number(granted)}`)))));
}
