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
const STRIPE_TIMEOUT_MS = 25_000;

async function call(path, options = {}) {
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
 * Open a hosted checkout page. Price and currency are all that is sent: the server knows what it costs and who is buying.
 * @param {{priceId: string, currency: ?string}} order without a currency it is the price's own
 */
export const startCheckout = ({ priceId, currency }) =>
  call("/checkout/sessions", { method: "POST", body: { priceId, currency }, timeoutMs: STRIPE_TIMEOUT_MS });

/** How a checkout ended. Makes the account match Stripe first, so it is right even before any webhook. */
export const getCheckoutOutcome = (sessionId) =>
  call("/checkout/success", { method: "POST", body: { sessionId }, timeoutMs: STRIPE_TIMEOUT_MS });

export const getAccount = () => call("/account");

export const getCredits = () => call("/credits");

/** One page of the ledger, newest first. */
export function getTransactions({ limit = 10, cursor } = {}) {
  const query = new URLSearchParams({ limit });
  if (cursor) query.set("cursor", cursor);
  return call(`/credits/transactions?${query}`);
}
