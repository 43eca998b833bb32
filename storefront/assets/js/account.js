/** The account page: balance, level, subscriptions, and the ledger behind them. */

import { getAccount, getCredits } from "./api.js";
import { figure, h } from "./dom.js";
import { date, number, plural } from "./format.js";
import { signInButtons } from "./header.js";
import { ledger } from "./ledger.js";
import { messageFor } from "./messages.js";
import { currentSession, sessionEvents } from "./session.js";

const place = document.getElementById("account");

async function showAccount() {
  const session = currentSession();
  if (!session) return draw(await signedOut(), session);
  let parts;
  try {
    const [account, credits] = await Promise.all([getAccount(), getCredits()]);
    parts = [summary(account), subscriptions(account.subscriptions), lots(credits.lots), await ledger()];
  } catch (error) {
    parts = [
      h("div", { class: "notice bad", role: "alert" },
        h("p", {}, messageFor(error)),
        h("button", { class: "button small", type: "button", click: showAccount }, "Try again")),
    ];
  }
  draw(parts, session);
}

/** Draw, unless somebody signed in or out while the answer was on its way: that person's page must not show this. */
function draw(parts, session) {
  if (currentSession()?.token !== session?.token) return;
  place.replaceChildren(...parts.filter(Boolean));
  place.setAttribute("aria-busy", "false");
}

async function signedOut() {
  return [
    h("section", { class: "panel", "data-testid": "signed-out" },
      h("h2", {}, "Sign in to see your account"),
      h("p", {}, "There is no password: this is a demonstration."),
      await signInButtons()),
  ];
}

function summary({ credits, entitlements, email }) {
  const reserved = credits.balance - credits.available;
  return h("dl", { class: "figures" },
    figure("Credits", number(credits.balance), "balance", reserved ? `${number(credits.available)} free to spend` : null),
    figure("Level", entitlements.level, "level",
      entitlements.expiresAt ? `until ${date(entitlements.expiresAt)}` : null),
    email ? figure("E-mail for receipts", email, "email") : null);
}

/** Stripe's words for a subscription's state, in plain ones. https://docs.stripe.com/billing/subscriptions/overview */
const STATUS = {
  active: "Active",
  trialing: "Trial",
  past_due: "Payment overdue",
  unpaid: "Unpaid",
  paused: "Paused",
  incomplete: "Waiting for the first payment",
  incomplete_expired: "Never started",
  canceled: "Ended",
};

function subscriptions(list) {
  return h("section", { "aria-labelledby": "subscriptions-title" },
    h("h2", { id: "subscriptions-title" }, "Subscriptions"),
    list.length === 0
      ? h("p", { class: "quiet" }, "None. ", h("a", { href: "/" }, "See the plans"))
      : h("ul", { class: "rows", "data-testid": "subscriptions" }, list.map(subscriptionRow)));
}

function subscriptionRow({ status, plan, level, subscriptionId, currentPeriodEnd, cancelAtPeriodEnd }) {
  const period = currentPeriodEnd && `${cancelAtPeriodEnd ? "Ends" : "Renews"} on ${date(currentPeriodEnd)}`;
  return h("li", {},
    h("strong", {}, plan ?? level ?? "Subscription"),
    h("span", { class: `badge ${status}` }, STATUS[status] ?? status),
    period ? h("span", { class: "quiet" }, period) : null,
    h("code", {}, subscriptionId));
}

/** Which credits run out when. Only worth room when some do. */
function lots(list) {
  const expiring = list.filter((lot) => lot.expiresAt && lot.left > 0);
  if (expiring.length === 0) return null;
  return h("section", { "aria-labelledby": "lots-title" },
    h("h2", { id: "lots-title" }, "Credits that expire"),
    h("ul", { class: "rows", "data-testid": "lots" }, expiring.map((lot) => h("li", {},
      h("strong", {}, plural(lot.left, "credit")),
      h("span", { class: "quiet" }, `use by ${date(lot.expiresAt)}`)))));
}

sessionEvents.addEventListener("change", showAccount);
await showAccount();
