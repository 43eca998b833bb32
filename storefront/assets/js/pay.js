/** Checkout on this site: the API opens the session, Stripe.js shows its form in a frame, and the card never meets us. */

import { startCheckout } from "./api.js";
import { orderInAddress } from "./checkout.js";
import { config } from "./config.js";
import { h } from "./dom.js";
import { signInButtons } from "./header.js";
import { ApiError } from "./http.js";
import { problem } from "./problem.js";
import { currentSession, sessionEvents } from "./session.js";

const place = document.getElementById("checkout");
let shown = null;

/** @param {object} order as the API takes it */
async function pay(order) {
  shown?.destroy(); // Stripe.js shows one checkout at a time
  shown = null;
  if (!currentSession()) return tell("First tell us who you are: the purchase goes to your account.", await signInButtons());
  try {
    const { stripeJs } = await config();
    if (!stripeJs) return location.assign((await startCheckout(order)).url); // no key for it: Stripe's own page, then
    const [{ clientSecret }, stripe] = await Promise.all([startCheckout({ ...order, uiMode: "embedded" }), load(stripeJs)]);
    shown = await stripe.createEmbeddedCheckoutPage({ fetchClientSecret: async () => clientSecret });
    place.className = "embedded";
    shown.mount(place);
  } catch (error) {
    if (error.code === "unauthorized") return; // the session has ended, and its "change" has asked who it is
    tell(...problem(error, {
      retry: () => pay(order),
      choose: ({ priceId }) => pay({ items: [{ priceId, quantity: 1 }] }),
    }));
  }
}

function tell(...words) {
  place.className = "notice";
  place.replaceChildren(h("div", { role: "alert", "data-testid": "pay-problem" }, ...words));
}

/** Stripe.js comes from Stripe's own host, never from a copy: https://docs.stripe.com/sdks/stripejs-versioning */
async function load({ script, publishableKey }) {
  if (!globalThis.Stripe) {
    await new Promise((resolve, reject) => {
      const failed = () => reject(new ApiError("stripe_unavailable", 0, `${script} did not load`));
      document.head.append(h("script", { src: script, load: resolve, error: failed }));
    });
  }
  return globalThis.Stripe(publishableKey);
}

const order = orderInAddress(location.search);
sessionEvents.addEventListener("change", () => pay(order));
await pay(order);
