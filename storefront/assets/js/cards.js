/** One price as a card: what it costs, what it gives, and the way to order it, or to change what the visitor has. */

import { h, whileBusy } from "./dom.js";
import { money, period } from "./format.js";
import { whatItGives } from "./gives.js";
import { amountIn } from "./offers.js";

/** The cart may be off the screen, so the button says for a moment what it has done. */
const shortly = () => new Promise((resolve) => setTimeout(resolve, 900));

/**
 * @param {object} price of the catalog
 * @param {{currency: string, buy: Function, add: ?Function}} shop `add` is there for what the cart takes
 * @returns {HTMLElement} which can be ordered, until `markHad` says that the visitor has it
 */
export function priceCard(price, { currency, buy, add }) {
  const name = price.lookupKey ?? price.priceId;
  const heading = `price-${price.priceId}`;
  const place = h("p", { class: "problem", role: "alert", "data-testid": "buy-problem" });
  const quantity = h("input", { type: "number", min: 1, required: true, value: 1, inputmode: "numeric" });
  // a number at all is the browser's business, how many may be bought the API's
  const withLine = (work) => quantity.reportValidity() && work({ priceId: price.priceId, quantity: quantity.valueAsNumber });
  const cost = amountIn(price, currency);
  const gives = whatItGives(price);
  return h("li", { class: "card", "data-testid": `price-${name}`, "data-price": price.priceId },
    h("h3", { id: heading }, price.productName),
    h("p", { class: "price" },
      h("strong", {}, money(cost.unitAmount, cost.currency)),
      price.interval ? ` per ${period(price)}` : null),
    cost.currency === currency ? null : h("p", { class: "quiet" }, `Not sold in ${currency.toUpperCase()}.`),
    price.description ? h("p", { class: "quiet" }, price.description) : null,
    h("ul", { class: "gives" }, gives.map((each) => h("li", {}, each))),
    h("div", { class: "order" },
      h("label", { class: "how-many" }, h("span", { class: "hidden" }, "Quantity"), quantity),
      h("button", {
        class: "button", type: "button", "aria-describedby": heading,
        click: ({ currentTarget }) => withLine((line) => buy({ items: [line], currency: cost.currency }, currentTarget, place)),
      }, price.interval ? "Subscribe" : "Buy now"),
      add && h("button", {
        class: "button plain", type: "button", "aria-describedby": heading,
        click: ({ currentTarget }) => withLine((line) => {
          add(line);
          return whileBusy(currentTarget, "Added", shortly);
        }),
      }, "Add to cart")),
    price.interval && h("p", { class: "had", hidden: true },
      h("span", { class: "badge" }, "You have this"), h("a", { href: "/account", "aria-describedby": heading }, "Change plan")),
    place);
}

/**
 * Offer what the visitor can do with a card: order it, or change the subscription that excludes it.
 *
 * The card stays, with what was typed in it.
 *
 * @param {HTMLElement} card @param {{own: boolean, excluded: boolean}} standing whether it is had, or another of its group
 */
export function markHad(card, { own, excluded }) {
  const had = card.querySelector(".had");
  if (!had) return;
  card.querySelector(".order").hidden = own || excluded;
  had.hidden = !(own || excluded);
  had.querySelector(".badge").hidden = !own;
  had.querySelector("a").textContent = own ? "Change or cancel" : "Change to this plan";
}
