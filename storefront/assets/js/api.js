/**
 * The billing API, as this storefront uses it: one function per route.
 *
 * Every call throws ApiError (see http.js). A 401 also forgets the session: the token is expired or was refused, and
 * keeping it would only repeat the refusal.
 */

import { config } from "./config.js";
import { requestJson } from "./http.js";
import { currentSession, signOut } from "./session.js";

/** These routes wait for Stripe, which is slower than a read. API Gateway itself gives up after 30 s. */
export const STRIPE_TIMEOUT_MS = 25_000;

/** One request to the API, as whoever is signed in. */
export async function call(path, options = {}) {
  const { apiUrl } = await config();
  try {
    return await requestJson(apiUrl + path, { ...options, token: currentSession()?.token });
  } catch (error) {
    if (error.code === "unauthorized") signOut();
    throw error;
  }
}

/** What is for sale. Public. */
export const getCatalog = () => call("/catalog");

/**
 * Open a checkout. Prices, quantities and a currency are all that is sent: the server knows what it costs and who buys.
 * @param {{items: {priceId: string, quantity: number}[], currency: ?string, uiMode: ?string}} order
 */
export const startCheckout = (order) =>
  call("/checkout/sessions", { method: "POST", body: order, timeoutMs: STRIPE_TIMEOUT_MS });

/** How a checkout ended. Makes the account match Stripe first, so it is right even before any webhook. */
export const getCheckoutOutcome = (sessionId) =>
  call("/checkout/success", { method: "POST", body: { sessionId }, timeoutMs: STRIPE_TIMEOUT_MS });

export const getAccount = () => call("/account");

export const getCredits = () => call("/credits");

/** One page of the ledger, newest first. @param {{kinds?: string[], limit?: number, cursor?: string}} wanted no kinds is all */
export function getTransactions({ kinds = [], limit = 10, cursor } = {}) {
  const query = new URLSearchParams({ limit });
  if (kinds.length) query.set("kind", kinds.join(","));
  if (cursor) query.set("cursor", cursor);
  return call(`/credits/transactions?${query}`);
}
