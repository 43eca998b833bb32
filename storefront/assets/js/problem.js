/** An error of the API as people meet it: a sentence, and the step that leads on. */

import { openPortal } from "./api.js";
import { h, whileBusy } from "./dom.js";
import { money, period } from "./format.js";
import { askToSignIn } from "./header.js";
import { messageFor } from "./messages.js";

/**
 * @param {import("./http.js").ApiError} error
 * @param {{retry?: () => void, choose?: (candidate: object) => void}} ways what the page can do: try the same again, or
 *   go on with one of the prices that fit
 * @returns {Node[]}
 */
export function problem(error, { retry, choose } = {}) {
  return [messageFor(error), ...(NEXT_STEP[error.code]?.(error, { retry, choose }) ?? [])];
}

const NEXT_STEP = {
  subscription_exists: () => [" ", manageBilling("Manage billing"), " ", h("a", { href: "/account" }, "Open your account")],
  insufficient_credits: () => [" ", h("a", { href: "/#packs" }, "Buy credits")],
  unknown_price: () => [" ", h("a", { href: "/" }, "See what is for sale")],
  price_unavailable: () => [" ", h("a", { href: "/" }, "See what is for sale")],
  incompatible_lines: () => [" ", h("a", { href: "#cart" }, "Look at your cart")],
  ambiguous_price: ({ details }, { choose }) => choose && [candidates(details.candidates, choose)],
  unauthorized: (error, { retry }) => retry && [" ", button("Sign in", async () => (await askToSignIn()) && retry())],
  stripe_unavailable: (error, { retry }) => retry && [" ", button("Try again", retry)],
};

/** A way into Stripe's customer portal: payment methods, invoices, cancelling. Its address is good for minutes. */
export function manageBilling(label, body = {}) {
  const trouble = h("span", { class: "problem", role: "alert" });
  const open = async (event) => {
    trouble.replaceChildren();
    try {
      await whileBusy(event.currentTarget, "Opening…", async () => location.assign((await openPortal(body)).url));
    } catch (error) {
      trouble.append(messageFor(error));
    }
  };
  return h("span", {}, h("button", { class: "link", type: "button", click: open }, label), trouble);
}

function candidates(list, choose) {
  return h("span", { class: "candidates", role: "group", "aria-label": "Prices that fit" }, list.map((price) =>
    button(`${money(price.unitAmount, price.currency)} ${price.interval ? `per ${period(price)}` : "once"}`, () => choose(price))));
}

const button = (label, click) => h("button", { class: "button small plain", type: "button", click }, label);
