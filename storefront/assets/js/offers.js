/** The catalog as a shop window: which prices are plans, add-ons and packs, and what each costs in a currency. */

/** Plans of this group exclude each other; a plan of any other group is had beside them. It is the API's own name. */
const MAIN_GROUP = "default";

const byPrice = (one, other) =>
  one.unitAmount - other.unitAmount || (one.lookupKey ?? "").localeCompare(other.lookupKey ?? "");

/** @param {object[]} prices the catalog's @returns {{plans: object[][], addOns: object[][], packs: object[]}} a plan is its prices */
export function arrange(prices) {
  const sorted = [...prices].sort(byPrice);
  const recurring = sorted.filter((price) => price.type === "recurring");
  return {
    plans: byPlan(recurring.filter(({ gives }) => gives.planGroup === MAIN_GROUP)),
    addOns: byPlan(recurring.filter(({ gives }) => gives.planGroup !== MAIN_GROUP)),
    packs: sorted.filter((price) => price.type === "one_time"),
  };
}

/** Prices of one plan stand together, cheapest plan first. A price without a plan's name is a plan of its own. */
function byPlan(prices) {
  const plans = new Map();
  for (const price of prices) {
    const name = price.gives.plan ?? price.priceId;
    plans.set(name, [...(plans.get(name) ?? []), price]);
  }
  return [...plans.values()];
}

/** The intervals that there is a choice of: those of the plans that come in more than one. */
export const intervalsOf = (plans) =>
  [...new Set(plans.filter((prices) => prices.length > 1).flat().map((price) => price.interval))];

/** The plan's price for this interval, else the only kind that it has. */
export const priceFor = (prices, interval) => prices.find((price) => price.interval === interval) ?? prices[0];

/** The group that a subscription takes; its plan's name tells it where its price is no longer sold. @returns {?string} */
export function groupOf({ priceId, plan }, prices) {
  const like = prices.find((price) => price.priceId === priceId) ?? prices.find(({ gives }) => plan !== null && gives.plan === plan);
  return like?.gives.planGroup ?? null;
}

/** Every currency that something is sold in, the catalog's most frequent first. */
export function currenciesOf(prices) {
  const counts = new Map();
  for (const { currency } of prices.flatMap((price) => [price, ...price.currencies])) {
    counts.set(currency, (counts.get(currency) ?? 0) + 1);
  }
  return [...counts.keys()].sort((one, other) => counts.get(other) - counts.get(one));
}

/** What the price costs in this currency; in its own where it has no other. @returns {{currency: string, unitAmount: number}} */
export const amountIn = (price, currency) =>
  [price, ...price.currencies].find((offer) => offer.currency === currency) ?? price;
