/** What was bought: credits, as the ledger has them, and levels that were paid once. */

import { getTransactions } from "./api.js";
import { h } from "./dom.js";
import { date, plural, signed } from "./format.js";

const MOST = 10;

/** The newest purchases that gave credits. @throws {ApiError} */
export const getPurchases = async () => (await getTransactions({ kinds: ["PURCHASE", "RENEWAL"], limit: 100 })).transactions;

/** @param {object[]} entries of the ledger. @param {object[]} levels of the account @returns {?HTMLElement} null without any */
export function purchasesSection(entries, levels) {
  const bought = [
    ...entries.map(({ createdAt, reason, amount, kind }) =>
      ({ at: createdAt, what: reason, gave: `${signed(amount)} credits`, badge: kind === "RENEWAL" ? "Renewal" : null })),
    ...levels.map(({ paidAt, level, days, endedAt }) =>
      ({ at: paidAt, what: `Level ${level}`, gave: days ? `for ${plural(days, "day")}` : "for good", badge: endedAt ? "Refunded" : null })),
  ].sort((one, other) => other.at.localeCompare(one.at)).slice(0, MOST);
  if (bought.length === 0) return null;
  return h("section", { "aria-labelledby": "purchases-title" },
    h("h2", { id: "purchases-title" }, "Purchases"),
    h("ul", { class: "rows", "data-testid": "purchases" }, bought.map(({ at, what, gave, badge }) => h("li", {},
      h("strong", {}, what),
      badge && h("span", { class: "badge" }, badge),
      h("span", { class: "quiet" }, gave),
      h("time", { class: "quiet at-end", datetime: at }, date(at))))));
}
