/** What a person reads for each error code of the API. The API's own message is for developers: it goes to the console. */

const MESSAGES = {
  unauthorized: "Your sign-in has expired. Please sign in again.",
  forbidden: "This account is not allowed to do that.",
  subscription_exists: "You already have a subscription, so nothing was started.",
  ambiguous_price: "There are several prices for this. Which one do you want?",
  incompatible_lines: "These cannot be paid for together: pay for what renews, and for each currency, on its own.",
  unknown_price: "This is no longer for sale. Reload the page to see what is.",
  price_unavailable: "This cannot be bought at the moment.",
  price_misconfigured: "This cannot be bought at the moment.",
  currency_unavailable: "This is not sold in that currency.",
  quantity_out_of_range: "That quantity cannot be bought.",
  subscription_not_found: "This subscription is not there any more. Reload the page.",
  subscription_unpaid: "The last payment did not go through. Update your card first, then change the plan.",
  subscription_paused: "The subscription is paused. Resume it first.",
  subscription_canceling: "The subscription is about to end. Keep it first, then change the plan.",
  subscription_not_changeable: "This subscription cannot be changed here. Please write to us.",
  change_not_now: "A plan that costs less begins when this period is over: what you have paid for stays yours until then.",
  preview_expired: "These figures are too old. Choose the plan again to see new ones.",
  plan_mismatch: "Your subscription cannot change to this plan.",
  portal_flow_unavailable: "The billing pages do not offer this.",
  portal_not_configured: "The billing pages are not set up yet.",
  insufficient_credits: "You have too few credits for this, so none were used.",
  level_required: "This comes with level PRO.",
  conflict: "Two things happened at once. Please try again.",
  rate_limited: "That was a lot of requests. Please wait a moment, then try again.",
  stripe_unavailable: "The payment provider is not answering. Nothing was charged. Please try again in a minute.",
  timeout: "The shop took too long to answer. Please try again.",
  network: "The shop cannot be reached. Check your connection, then try again.",
  unavailable: "The shop is not answering right now. Please try again in a minute.",
};

const UNEXPECTED = "Something went wrong on our side. Please try again in a minute.";

/** @param {unknown} error what was thrown. Anything but an ApiError is a bug of ours, and is thrown on. */
export function messageFor(error) {
  if (error?.name !== "ApiError") throw error;
  console.info(`API: ${error.status} ${error.code} ${error.message}`);
  return MESSAGES[error.code] ?? (error.status === 503 ? MESSAGES.unavailable : UNEXPECTED);
}
