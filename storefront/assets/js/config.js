/**
 * Where things are: the addresses this page was deployed with.
 *
 * They come from the server that serves these files, not from a build step, so that one copy of the storefront works
 * on a laptop, in staging and in production.
 */

import { requestJson } from "./http.js";

let loaded = null;

/**
 * @returns {Promise<{apiUrl: string, issuer: string, users: string[], stripeJs: ?{script: string, publishableKey: string},
 *   promotion: ?{code: string, percentOff: number}}>} asked once per page. Without `stripeJs`, checkout is on Stripe's
 *   page only; `promotion` is a hint for whoever tries this shop
 */
export function config() {
  loaded ??= requestJson("/config.json").catch((error) => {
    loaded = null; // a failure must not stick: the next caller asks again
    throw error;
  });
  return loaded;
}
