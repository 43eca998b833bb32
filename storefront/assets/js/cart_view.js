/** The cart on the page: its lines, what they come to, and the way to pay for all of them at once. */

import { cartLines, emptyCart, removeFromCart } from "./cart.js";
import { h } from "./dom.js";
import { money, number } from "./format.js";
import { amountIn } from "./offers.js";

/**
 * @param {object[]} prices the catalog's: what is no longer in it is not shown
 * @param {{currency: string, buy: Function}} shop
 * @returns {?HTMLElement} null while it is empty
 */
export function cartSection(prices, { currency, buy }) {
  const lines = cartLines().flatMap(({ priceId, quantity }) => {
    const price = prices.find((each) => each.priceId === priceId);
    return price ? [{ price, quantity, cost: amountIn(price, currency) }] : [];
  });
  if (lines.length === 0) return null;
  const place = h("p", { class: "problem", role: "alert", "data-testid": "cart-problem" });
  const items = lines.map(({ price, quantity }) => ({ priceId: price.priceId, quantity }));
  return h("section", { class: "cart", id: "cart", "aria-labelledby": "cart-title", "data-testid": "cart" },
    h("h2", { id: "cart-title" }, "Your cart"),
    h("ul", {}, lines.map(({ price, quantity, cost }) => h("li", {},
      h("span", {}, `${number(quantity)} × ${price.productName}`),
      h("span", { class: "amount" }, money(quantity * cost.unitAmount, cost.currency)),
      h("button", {
        class: "link", type: "button", "aria-label": `Remove ${price.productName}`, click: () => removeFromCart(price.priceId),
      }, "Remove")))),
    h("p", { class: "total" }, "Total ", h("strong", { "data-testid": "cart-total" }, totals(lines))),
    h("div", { class: "actions" },
      h("button", {
        class: "button", type: "button",
        click: (event) => buy({ items, currency: lines[0].cost.currency }, event.currentTarget, place),
      }, "Check out"),
      h("button", { class: "link", type: "button", click: emptyCart }, "Empty the cart")),
    place);
}

/** Lines that have no amount in the chosen currency stand in their own: then there are two sums, and the API says no. */
function totals(lines) {
  const sums = new Map();
  for (const { quantity, cost } of lines) sums.set(cost.currency, (sums.get(cost.currency) ?? 0) + quantity * cost.unitAmount);
  return [...sums].map(([currency, sum]) => money(sum, currency)).join(" + ");
}
