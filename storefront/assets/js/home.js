/** The shop window: plans, add-ons and packs of the catalog, the cart, and who is signed in. */

import { getAccount, getCatalog } from "./api.js";
import { priceCard, markHad } from "./cards.js";
import { addToCart, cartEvents } from "./cart.js";
import { cartSection } from "./cart_view.js";
import { checkOut } from "./checkout.js";
import { choice } from "./choice.js";
import { config } from "./config.js";
import { h } from "./dom.js";
import { plural } from "./format.js";
import { signInButtons } from "./header.js";
import { messageFor } from "./messages.js";
import { arrange, currenciesOf, groupOf, intervalsOf, priceFor } from "./offers.js";
import { currentSession, sessionEvents } from "./session.js";

const place = document.getElementById("prices");

/** What the visitor has chosen above the prices. */
const chosen = { interval: "month", currency: null, kind: "hosted" };

/** The visitor's subscriptions. */
let had = [];

/** The prices that are for sale. */
let offered = [];

async function showPrices() {
  try {
    const [{ prices }, { stripeJs }] = await Promise.all([getCatalog(), config()]);
    offered = prices;
    if (prices.length === 0) place.replaceChildren(h("p", { class: "notice" }, "Nothing is for sale at the moment."));
    else drawShop(prices, Boolean(stripeJs));
    document.getElementById(location.hash.slice(1))?.scrollIntoView(); // what a link names was not there when it was followed
  } catch (error) {
    place.replaceChildren(
      h("div", { class: "notice bad", role: "alert" },
        h("p", {}, messageFor(error)),
        h("button", { class: "button small", type: "button", click: showPrices }, "Try again")),
    );
  }
  place.setAttribute("aria-busy", "false");
}

function drawShop(prices, canEmbed) {
  const { plans, addOns, packs } = arrange(prices);
  const currencies = currenciesOf(prices);
  chosen.currency ??= currencies[0];
  const shelves = h("div", { class: "shelves" });
  const cart = h("div", { "aria-live": "polite" });
  const buy = (order, button, problemPlace) => checkOut(order, chosen.kind, button, problemPlace);
  const cards = (list, add) => list.map((price) => priceCard(price, { currency: chosen.currency, buy, add }));
  const drawCart = () => cart.replaceChildren(...[cartSection(prices, { currency: chosen.currency, buy })].filter(Boolean));
  const draw = () => {
    const atInterval = (list) => cards(list.map((each) => priceFor(each, chosen.interval)));
    shelves.replaceChildren(...[
      section("plans", "Plans", "One at a time; change or cancel it whenever you like.", atInterval(plans)),
      section("add-ons", "Add-ons", "With any plan, or on their own.", atInterval(addOns)),
      section("packs", "Pay once", "Put several in the cart and pay for them together.",
        cards(packs, ({ priceId, quantity }) => addToCart(priceId, quantity))),
    ].filter(Boolean));
    drawCart();
    markCards();
  };
  const pick = (name) => (value) => {
    chosen[name] = value;
    draw();
  };
  place.replaceChildren(
    h("div", { class: "choices" },
      choiceOf("Billing", "interval", intervalsOf(plans).map((each) => [each, `By the ${each}`]), pick("interval")),
      choiceOf("Currency", "currency", currencies.map((each) => [each, each.toUpperCase()]), pick("currency")),
      choiceOf("Checkout", "kind", [["hosted", "On Stripe's page"], ...(canEmbed ? [["embedded", "On this site"]] : [])], pick("kind"))),
    cart,
    shelves);
  cartEvents.addEventListener("change", drawCart);
  draw();
}

/** Nothing where there is nothing to choose. */
const choiceOf = (legend, name, options, pick) =>
  (options.length > 1 ? choice(legend, name, options, chosen[name], pick) : null);

function section(id, title, remark, cards) {
  if (cards.length === 0) return null;
  return h("section", { class: "prices", id, "aria-labelledby": `${id}-title` },
    h("h2", { id: `${id}-title` }, title),
    h("p", { class: "quiet" }, remark),
    h("ul", { class: "grid" }, cards));
}

async function showStanding() {
  const standing = document.getElementById("standing");
  const session = currentSession();
  standing.hidden = !session;
  if (!session) {
    had = [];
    markCards();
    return standing.replaceChildren();
  }
  standing.replaceChildren("Signed in as ", h("strong", {}, session.user), ".");
  let rest;
  try {
    const { credits, entitlements, subscriptions } = await getAccount();
    if (currentSession()?.token === session.token) {
      had = subscriptions;
      markCards();
    }
    rest = [" You have ", h("strong", {}, plural(credits.available, "credit")),
      " and level ", h("strong", {}, entitlements.level), "."];
  } catch (error) {
    rest = [" ", messageFor(error)];
  }
  if (currentSession()?.token === session.token) standing.append(...rest); // else somebody else signed in meanwhile
}

/** In place: a card that were drawn anew would lose what has been typed or pressed in it. */
function markCards() {
  const groups = had.map((subscription) => groupOf(subscription, offered)).filter(Boolean);
  for (const card of document.querySelectorAll("[data-price]")) {
    const { priceId, gives } = offered.find((price) => price.priceId === card.dataset.price);
    markHad(card, { own: had.some((each) => each.priceId === priceId), excluded: groups.includes(gives.planGroup) });
  }
}

async function showDemoUsers() {
  document.getElementById("demo-users").append(await signInButtons());
}

function markDemoUser() {
  for (const button of document.querySelectorAll("#demo-users [data-user]")) {
    button.setAttribute("aria-pressed", String(button.dataset.user === currentSession()?.user));
  }
}

async function showPromotionCode() {
  const { promotion } = await config().catch(() => ({})); // the prices, which need it too, say what is wrong
  if (!promotion) return;
  const code = h("strong", { class: "card-number" }, promotion.code);
  document.getElementById("promotion").append("Promotion code ", code, ` takes ${promotion.percentOff}% off.`);
}

sessionEvents.addEventListener("change", showStanding);
sessionEvents.addEventListener("change", markDemoUser);
addEventListener("pageshow", (event) => event.persisted && showStanding()); // back from checkout: the balance is old
await Promise.all([showPrices(), showStanding(), showDemoUsers(), showPromotionCode()]);
