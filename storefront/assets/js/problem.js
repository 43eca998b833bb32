/** An error of the API as people meet it: a sentence, and the step that leads on. */

import { h } from "./dom.js";
import { money, period, plural } from "./format.js";
import { askToSignIn } from "./header.js";
import { messageFor } from "./messages.js";
import { portalButton } from "./portal_button.js";

/**
 * @param {import("./http.js").ApiError} error
 * @param {{retry?: () => void, choose?: (candidate: object) => void}} ways what this page can do: try the same
 *   again, or go on with one of the prices that fit
 * @returns {Node[]}
 */
export function problem(error, { retry, choose } = {}) {
  return [messageFor(error), ...(NEXT_STEP[error.code]?.(error, { retry, choose }) ?? [])];
}

const NEXT_STEP = {
  subscription_exists: () => {
    const trouble = h("span");
    return [" ", h("a", { href: "/account" }, "Change your plan"), " or ", portalButton("manage billing", {}, trouble, "link"), ".", trouble];
  },
  insufficient_credits: ({ details }) =>
    [` You have ${plural(details.available, "credit")}. `, h("a", { href: "/#packs" }, "Buy more")],
  level_required: () => [" ", h("a", { href: "/checkout/pay?entitlementLevel=PRO" }, "Get level PRO")],
  unknown_price: () => [" ", h("a", { href: "/" }, "See what is for sale")],
  price_unavailable: () => [" ", h("a", { href: "/" }, "See what is for sale")],
  incompatible_lines: () => [" ", h("a", { href: "#cart" }, "Look at your cart")],
  ambiguous_price: ({ details }, { choose }) => choose && [candidates(details.candidates, choose)],
  unauthorized: (error, { retry }) => retry && [" ", button("Sign in", async () => (await askToSignIn()) && retry())],
  stripe_unavailable: (error, { retry }) => retry && [" ", button("Try again", retry)],
};

function candidates(list, choose) {
  return h("span", { class: "candidates", role: "group", "aria-label": "Prices that fit" }, list.map((price) =>
    button(`${money(price.unitAmount, price.currency)} ${price.interval ? `per ${period(price)}` : "once"}`, () => choose(price))));
}

const button = (label, click) => h("button", { class: "button small plain", type: "button", click }, label);
