/** The subscriptions of an account: what each is, when it renews or ends, and what can be done about it. */

import { h } from "./dom.js";
import { date, money, number, period } from "./format.js";
import { groupOf } from "./offers.js";
import { planChange } from "./plan_change.js";
import { portalButton } from "./portal_button.js";

/** Stripe's words for a subscription's state, in plain ones. https://docs.stripe.com/billing/subscriptions/overview */
const STATUS = {
  active: "Active",
  trialing: "Trial",
  past_due: "Payment overdue",
  unpaid: "Unpaid",
  paused: "Paused",
  incomplete: "Waiting for the first payment",
};
/** States in which another plan can be chosen; in the others something has to be settled first. */
const CHANGEABLE = new Set(["active", "trialing"]);
const UNPAID = new Set(["past_due", "unpaid", "incomplete"]);

/** @param {object[]} list of the account. @param {object[]} prices of the catalog. @param {Function} reload after a change */
export function subscriptionsSection(list, prices, reload) {
  const problem = h("p", { class: "problem", role: "alert", "data-testid": "portal-problem" });
  const billing = portalButton("Manage billing", {}, problem, "button plain small");
  billing.dataset.testid = "manage-billing";
  return h("section", { "aria-labelledby": "subscriptions-title" },
    h("div", { class: "title-row" }, h("h2", { id: "subscriptions-title" }, "Subscriptions"), billing),
    problem,
    list.length === 0
      ? h("p", { class: "quiet" }, "None. ", h("a", { href: "/" }, "See the plans"))
      : h("ul", { class: "plans", "data-testid": "subscriptions" },
        list.map((subscription) => card(subscription, prices, reload))));
}

function card(subscription, prices, reload) {
  const { subscriptionId, status, plan, priceId, quantity, cancelAt } = subscription;
  const price = prices.find((each) => each.priceId === priceId);
  const problem = h("p", { class: "problem", role: "alert" });
  const panel = h("div", { class: "change", hidden: true });
  const actions = h("div", { class: "actions" });
  const ends = Boolean(cancelAt);
  if (CHANGEABLE.has(status) && !ends) {
    const others = alternatives(subscription, price, prices);
    if (others.length) actions.append(changeButton(subscription, nameOf(subscription, price), others, panel, reload));
    actions.append(portalButton("Cancel plan", { flow: "subscription_cancel", subscriptionId }, problem, "button plain small"));
  }
  if (UNPAID.has(status)) {
    actions.append(portalButton("Update payment method", { flow: "payment_method_update" }, problem, "button small"));
  }
  if (ends) actions.append(portalButton("Keep plan", {}, problem, "button small"));
  return h("li", { class: "plan", "data-testid": `subscription-${plan ?? priceId}` },
    h("div", { class: "plan-head" },
      h("div", {},
        h("h3", {}, nameOf(subscription, price)),
        h("p", { class: "quiet" }, price ? cost(price, quantity) : "At a price that is no longer sold. It stays as it is.")),
      h("span", { class: `badge ${ends ? "ending" : status}` }, ends ? "Ending" : STATUS[status] ?? status)),
    h("p", { class: "when", "data-testid": "when" }, when(subscription)),
    actions, problem, panel,
    h("code", {}, subscriptionId));
}

function when({ status, currentPeriodEnd, trialEnd, cancelAt }) {
  if (cancelAt) return `Ends on ${date(cancelAt)}. Until then everything stays as it is.`;
  if (trialEnd) return `Free until ${date(trialEnd)}, then billed.`;
  if (UNPAID.has(status)) return "The last payment did not go through. Update your card to keep the plan.";
  if (status === "paused") return "Paused: nothing is billed.";
  return `Renews on ${date(currentPeriodEnd)}.`;
}

/** The catalog names only what is sold; whoever subscribed before a price was replaced has the plan's name. */
const nameOf = ({ plan, level }, price) => price?.productName ?? plan ?? level ?? "Subscription";

/**
 * Other plans of the same group: what the API would let this subscription change to. Where its own price is no longer
 * sold, the API tells whether the currency fits.
 */
function alternatives(subscription, price, prices) {
  const group = groupOf(subscription, prices);
  return prices.filter((each) => group !== null && each.gives.planGroup === group && each.priceId !== subscription.priceId
    && (!price || each.currency === price.currency))
    .sort((one, other) => one.unitAmount - other.unitAmount);
}

function cost(price, quantity) {
  const each = `${money(price.unitAmount, price.currency)} per ${period(price)}`;
  return quantity > 1 ? `${number(quantity)} × ${each}` : each;
}

function changeButton(subscription, name, others, panel, reload) {
  const button = h("button", {
    class: "button small", type: "button", "aria-expanded": "false", "data-testid": "change-plan",
    click: () => {
      panel.hidden = !panel.hidden;
      button.setAttribute("aria-expanded", String(!panel.hidden));
      if (!panel.hidden) panel.replaceChildren(planChange(subscription, name, others, reload));
    },
  }, "Change plan");
  return button;
}
