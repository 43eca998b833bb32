/** Credits that run out, soonest first, and credits that are set aside. */

import { h } from "./dom.js";
import { date, dateTime, number, plural } from "./format.js";

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

/** @param {object[]} list open reservations. @returns {HTMLElement | null} nothing when there is none */
export function reservationsSection(list) {
  if (list.length === 0) return null;
  return h("section", { "aria-labelledby": "reserved-title" },
    h("h2", { id: "reserved-title" }, "Reserved credits"),
    h("ul", { class: "rows", "data-testid": "reservations" }, list.map(({ amount, reference, expiresAt }) => h("li", {},
      h("strong", {}, plural(amount, "credit")),
      reference ? h("span", {}, reference) : null,
      h("span", { class: "quiet" }, `free again ${dateTime(expiresAt)}, if not used before`)))));
}
