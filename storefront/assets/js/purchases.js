/** What was bought: credits, as the ledger has them, and levels that were paid once. */

import { getTransactions } from "./api.js";
import { h } from "./dom.js";
import { date, plural, signed } from "./format.js";

const MOST = 10;

/** What takes back from a purchase, and gives it back again, by the word for it. */
const UNDOING = {
  REFUND: "refunded", REFUND_FAILED: "refunded",
  DISPUTE: "disputed", DISPUTE_WON: "disputed",
};

/** The newest purchases that gave credits, and what took from them since. @throws {ApiError} */
export const getPurchases = async () =>
  (await getTransactions({ kinds: ["PURCHASE", "RENEWAL", ...Object.keys(UNDOING)], limit: 100 })).transactions;

/**
 * What became of a purchase: "Refunded", "Partly disputed"; null when it stands.
 * Entries name what was paid, a session or an invoice, so those of one purchase share it.
 */
function undone(entry, entries) {
  const ofIt = entries.filter(({ stripeObject }) => stripeObject !== null && stripeObject === entry.stripeObject);
  const sum = (those) => those.reduce((total, { amount }) => total + amount, 0);
  for (const word of new Set(Object.values(UNDOING))) {
    const taken = -sum(ofIt.filter(({ kind }) => UNDOING[kind] === word));
    if (taken <= 0) continue;
    const given = sum(ofIt.filter(({ kind }) => !(kind in UNDOING)));
    return taken < given ? `Partly ${word}` : word[0].toUpperCase() + word.slice(1);
  }
  return null;
}

/** @param {object[]} entries of the ledger. @param {object[]} levels of the account @returns {?HTMLElement} null without any */
export function purchasesSection(entries, levels) {
  const bought = [
    ...entries.filter(({ kind }) => !(kind in UNDOING)).map((entry) => ({
      at: entry.createdAt,
      what: entry.reason,
      gave: `${signed(entry.amount)} credits`,
      badges: [entry.kind === "RENEWAL" ? "Renewal" : null, undone(entry, entries)],
    })),
    ...levels.map(({ paidAt, level, days, endedAt }) =>
      ({ at: paidAt, what: `Level ${level}`, gave: days ? `for ${plural(days, "day")}` : "for good", badges: [endedAt ? "Refunded" : null] })),
  ].sort((one, other) => other.at.localeCompare(one.at)).slice(0, MOST);
  if (bought.length === 0) return null;
  return h("section", { "aria-labelledby": "purchases-title" },
    h("h2", { id: "purchases-title" }, "Purchases"),
    h("ul", { class: "rows", "data-testid": "purchases" }, bought.map(({ at, what, gave, badges }) => h("li", {},
      h("strong", {}, what),
      badges.map((badge) => badge && h("span", { class: "badge" }, badge)),
      h("span", { class: "quiet" }, gave),
      h("time", { class: "quiet at-end", datetime: at }, date(at))))));
}
