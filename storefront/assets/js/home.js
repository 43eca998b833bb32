/** Prices, and the step from a price to Stripe's checkout page. */

import { getAccount, getCatalog, startCheckout } from "./api.js";
import { h, whileBusy } from "./dom.js";
import { money, period, plural } from "./format.js";
import { whatItGives } from "./gives.js";
import { askToSignIn, signInButtons } from "./header.js";
import { messageFor } from "./messages.js";
import { currentSession, sessionEvents } from "./session.js";

const SECTIONS = [
  { id: "once", title: "Pay once", belongs: (price) => price.type === "one_time", verb: "Buy" },
  { id: "subscribe", title: "Subscribe", belongs: (price) => price.type === "recurring", verb: "Subscribe" },
];

async function showPrices() {
  const place = document.getElementById("prices");
  try {
    const { prices } = await getCatalog();
    prices.sort((one, other) => one.unitAmount - other.unitAmount || (one.lookupKey ?? "").localeCompare(other.lookupKey ?? ""));
    const sections = SECTIONS.map((section) => priceSection(section, prices.filter(section.belongs)));
    place.replaceChildren(...sections.filter(Boolean));
    if (prices.length === 0) place.replaceChildren(h("p", { class: "notice" }, "Nothing is for sale at the moment."));
  } catch (error) {
    place.replaceChildren(
      h("div", { class: "notice bad", role: "alert" },
        h("p", {}, messageFor(error)),
        h("button", { class: "button small", type: "button", click: showPrices }, "Try again")),
    );
  }
  place.setAttribute("aria-busy", "false");
}

function priceSection({ id, title, verb }, prices) {
  if (prices.length === 0) return null;
  return h("section", { class: "prices", "aria-labelledby": id },
    h("h2", { id }, title),
    h("ul", { class: "grid" }, prices.map((price) => priceCard(price, verb))));
}

function priceCard(price, verb) {
  const problem = h("p", { class: "problem", role: "alert", "data-testid": "buy-problem" });
  const heading = `price-${price.priceId}`;
  const gives = whatItGives(price);
  const currency = price.currencies.length ? currencyChoice(price) : null;
  return h("li", { class: "card", "data-testid": `price-${price.lookupKey ?? price.priceId}` },
    h("h3", { id: heading }, price.productName),
    h("p", { class: "price" },
      h("strong", {}, money(price.unitAmount, price.currency)),
      price.interval ? ` per ${period(price)}` : null),
    currency ? h("p", { class: "pay-in" }, h("label", {}, "Pay in ", currency)) : null,
    gives.length
      ? h("ul", { class: "gives" }, gives.map((line) => h("li", {}, line)))
      : h("p", { class: "gives" }, price.description),
    h("button", {
      class: "button", type: "button", "aria-describedby": heading,
      click: (event) => buy({ priceId: price.priceId, currency: currency?.value }, event.currentTarget, problem),
    }, verb),
    problem);
}

/** The price's own currency, and those that it has beside it. */
function currencyChoice(price) {
  const offers = [price, ...price.currencies];
  return h("select", { "data-testid": `currency-${price.lookupKey ?? price.priceId}` },
    offers.map((offer) => h("option", { value: offer.currency }, money(offer.unitAmount, offer.currency))));
}

/** @param {{priceId: string, currency: ?string}} order */
async function buy(order, button, problem) {
  problem.replaceChildren();
  if (!currentSession() && !(await askToSignIn("First tell us who you are: the purchase goes to your account."))) return;
  try {
    await whileBusy(button, "Opening checkout…", async () => {
      const { url } = await startCheckout(order);
      await leaveFor(url);
    });
  } catch (error) {
    problem.append(messageFor(error));
    if (error.code === "subscription_exists") problem.append(" ", h("a", { href: "/account" }, "Open your account"));
    if (error.code === "unauthorized" && (await askToSignIn(messageFor(error)))) await buy(order, button, problem);
  }
}

/**
 * Go to the checkout page. Resolves only when the browser brings this page back as it was left (the Back button), so
 * that until then the button stays busy and after it works again.
 */
function leaveFor(url) {
  location.assign(url);
  return new Promise((resolve) => addEventListener("pageshow", (event) => event.persisted && resolve()));
}

async function showStanding() {
  const place = document.getElementById("standing");
  const session = currentSession();
  place.hidden = !session;
  if (!session) return place.replaceChildren();
  place.replaceChildren("Signed in as ", h("strong", {}, session.user), ".");
  let rest;
  try {
    const { credits, entitlements } = await getAccount();
    rest = [" You have ", h("strong", {}, plural(credits.balance, "credit")),
      " and level ", h("strong", {}, entitlements.level), "."];
  } catch (error) {
    rest = [" ", messageFor(error)];
  }
  if (currentSession()?.token === session.token) place.append(...rest); // else somebody else signed in meanwhile
}

async function showDemoUsers() {
  document.getElementById("demo-users").append(await signInButtons());
}

function markDemoUser() {
  for (const button of document.querySelectorAll("#demo-users [data-user]")) {
    button.setAttribute("aria-pressed", String(button.dataset.user === currentSession()?.user));
  }
}

sessionEvents.addEventListener("change", showStanding);
sessionEvents.addEventListener("change", markDemoUser);
addEventListener("pageshow", (event) => event.persisted && showStanding()); // back from checkout: the balance is old
await Promise.all([showPrices(), showStanding(), showDemoUsers()]);
