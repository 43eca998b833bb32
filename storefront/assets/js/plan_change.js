/** Choose another plan, see what it costs, and confirm exactly that. */

import { changePlan, previewChange } from "./billing.js";
import { h, whileBusy } from "./dom.js";
import { date, money, number, period, plural } from "./format.js";
import { whatItGives } from "./gives.js";
import { messageFor } from "./messages.js";
import { portalButton } from "./portal_button.js";

/** Errors that Stripe's portal helps with, and where in it. */
const PORTAL_HELPS = { change_not_now: "subscription_update", subscription_unpaid: "payment_method_update" };

/** @param {string} current the plan's name. @param {Function} reload draws the account anew, with a sentence on top of it */
export function planChange({ subscriptionId, quantity }, current, others, reload) {
  const answer = h("div", { class: "preview", "aria-live": "polite", "data-testid": "preview" });
  let asked = 0;

  async function show(price) {
    const mine = (asked += 1);
    answer.replaceChildren(h("p", { class: "quiet" }, "Asking what it costs…"));
    const wanted = { subscriptionId, priceId: price.priceId };
    let parts;
    try {
      const seen = await previewChange(wanted);
      parts = costs(seen, price, (button) => confirm({ ...wanted, quantity: seen.quantity, prorationDate: seen.prorationDate }, price, button));
    } catch (error) {
      parts = refused(error, subscriptionId);
    }
    if (mine === asked) answer.replaceChildren(...parts); // else another plan was chosen meanwhile
  }

  async function confirm(wanted, price, button) {
    try {
      const made = await whileBusy(button, "Changing…", () => changePlan(wanted));
      if (made.status === "payment_required") return answer.replaceChildren(...payment(made));
      await reload(`Your plan is now ${price.productName}.`);
    } catch (error) {
      answer.replaceChildren(...refused(error, subscriptionId));
    }
  }

  return h("form", { class: "choose", submit: (event) => event.preventDefault() },
    h("fieldset", {},
      h("legend", {}, `Instead of ${current}`),
      others.map((price) => option(price, () => show(price)))),
    answer);
}

function option(price, choose) {
  return h("label", { class: "option", "data-testid": `plan-${price.lookupKey ?? price.priceId}` },
    h("input", { type: "radio", name: "plan", value: price.priceId, change: choose }),
    h("span", { class: "option-name" }, price.productName),
    h("span", { class: "option-price" }, `${money(price.unitAmount, price.currency)} per ${period(price)}`),
    h("span", { class: "quiet option-gives" }, whatItGives(price)[0] ?? ""));
}

function costs(seen, price, confirm) {
  const { amountDueNow, nextPeriodAmount, currency, lines, quantity } = seen;
  const due = money(amountDueNow, currency);
  const button = h("button", {
    class: "button", type: "button", "data-testid": "confirm-change", click: () => confirm(button),
  }, amountDueNow > 0 ? `Pay ${due} and change` : "Change plan");
  return [
    lines.length
      ? h("table", { class: "lines" },
        h("tbody", {}, lines.map((line) => h("tr", {},
          h("td", {}, line.description, h("span", { class: "quiet" }, ` ${date(line.periodStart)} – ${date(line.periodEnd)}`)),
          h("td", { class: "amount" }, money(line.amount, currency))))),
        h("tfoot", {}, h("tr", {}, h("th", { scope: "row" }, "Due now"), h("td", { class: "amount", "data-testid": "due-now" }, due))))
      : h("p", {}, "Nothing is due now."),
    h("p", {}, `Afterwards ${money(nextPeriodAmount, currency)} per ${period(price)}${quantity > 1 ? `, for ${number(quantity)} as now` : ""}.`),
    price.gives.credits ? h("p", { "data-testid": "credits-later" }, creditsLater(price, quantity, lines)) : null,
    h("p", { class: "quiet" }, "The credits you have stay as they are."),
    button,
  ].filter(Boolean);
}

/** A change gives no credits (money rule 12): the plan's own come with the first period that it is renewed for. */
function creditsLater(price, quantity, lines) {
  const next = lines.map(({ periodEnd }) => periodEnd).sort().at(-1);
  const credits = plural(price.gives.credits * quantity, "credit");
  return `The change itself gives no credits: the plan's ${credits} come with its next period${next ? `, from ${date(next)}` : ""}.`;
}

function payment({ hostedInvoiceUrl, expiresAt }) {
  return [
    h("div", { class: "notice", role: "alert", "data-testid": "payment-required" },
      h("p", {}, `Your bank has to agree, or the card was refused. Until ${date(expiresAt)} the change waits for its payment; your plan stays as it is.`),
      hostedInvoiceUrl ? h("a", { class: "button small", href: hostedInvoiceUrl }, "Pay the invoice") : null),
  ];
}

function refused(error, subscriptionId) {
  const problem = h("p", { class: "problem", role: "alert", "data-testid": "change-problem" }, messageFor(error));
  const flow = PORTAL_HELPS[error.code];
  if (!flow) return [problem];
  const about = flow === "subscription_update" ? { flow, subscriptionId } : { flow };
  return [problem, portalButton("Open billing", about, problem, "button plain small")];
}
