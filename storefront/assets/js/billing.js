/** Stripe's customer portal and plan changes: the routes of the API, and the way out to Stripe's pages. */

import { STRIPE_TIMEOUT_MS, call } from "./api.js";

const VISIT = "plumbline.portal";

const ask = (path, body) => call(path, { method: "POST", body, timeoutMs: STRIPE_TIMEOUT_MS });

/** What a change would cost, now and in each period. Nothing is changed. @param {{subscriptionId, priceId, quantity}} wanted */
export const previewChange = (wanted) => ask("/subscriptions/change/preview", wanted);

/** Make the change that was previewed: with its `prorationDate` exactly those amounts are billed. */
export const changePlan = (wanted) => ask("/subscriptions/change", wanted);

/**
 * Go to the customer portal. The address is good for minutes, so it is asked for when it is needed.
 * Resolves only when the browser brings this page back as it was left.
 * @param {{flow?: string, subscriptionId?: string}} where nothing is the portal's front page
 */
export async function visitPortal(where = {}) {
  const { url } = await ask("/portal/sessions", where);
  sessionStorage.setItem(VISIT, "1");
  location.assign(url);
  await new Promise((resolve) => addEventListener("pageshow", (event) => event.persisted && resolve(), { once: true }));
}

/** Whether this tab has been at the portal since it was asked last: what was changed there comes with an event. */
export function backFromPortal() {
  const was = sessionStorage.getItem(VISIT) !== null;
  sessionStorage.removeItem(VISIT);
  return was;
}
