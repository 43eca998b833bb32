/** From a choice to a checkout page: Stripe's own ("hosted"), or the one in which Stripe.js shows it ("embedded"). */

import { startCheckout } from "./api.js";
import { whileBusy } from "./dom.js";
import { askToSignIn } from "./header.js";
import { problem } from "./problem.js";
import { currentSession } from "./session.js";

/**
 * @param {{items: {priceId: string, quantity: number}[], currency: string}} order what costs money is said by these alone
 * @param {"hosted" | "embedded"} kind
 * @param {HTMLButtonElement} button is busy meanwhile
 * @param {HTMLElement} place where a problem is told
 */
export async function checkOut(order, kind, button, place) {
  place.replaceChildren();
  if (!currentSession() && !(await askToSignIn("First tell us who you are: the purchase goes to your account."))) return;
  try {
    await whileBusy(button, "Opening checkout…", async () =>
      leaveFor(kind === "embedded" ? payAddress(order) : (await startCheckout(order)).url));
  } catch (error) {
    place.append(...problem(error, { retry: () => checkOut(order, kind, button, place) }));
  }
}

/** The order stands in the address, so that a reload pays for the same; the API checks it as it checks any other. */
function payAddress({ items, currency }) {
  const query = new URLSearchParams({ currency });
  for (const { priceId, quantity } of items) query.append("item", `${priceId}*${quantity}`);
  return `/checkout/pay?${query}`;
}

/**
 * The order in such an address. Instead of items it may name a plan or a level: a link like
 * /checkout/pay?entitlementLevel=PRO needs no ids.
 */
export function orderInAddress(search) {
  const query = new URLSearchParams(search);
  const items = query.getAll("item").map((item) => {
    const [priceId, quantity] = item.split("*");
    return { priceId, quantity: Number(quantity ?? 1) };
  });
  const named = ["plan", "entitlementLevel", "lookupKey", "interval", "currency"].filter((name) => query.has(name));
  return { ...(items.length && { items }), ...Object.fromEntries(named.map((name) => [name, query.get(name)])) };
}

/**
 * Go to the checkout page. Resolves only when the browser brings this page back as it was left (the Back button), so
 * that until then the button stays busy and after it works again.
 */
function leaveFor(url) {
  location.assign(url);
  return new Promise((resolve) => addEventListener("pageshow", (event) => event.persisted && resolve()));
}
