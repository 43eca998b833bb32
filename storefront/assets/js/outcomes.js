/**
 * What the buyer reads for each way a checkout can end, and the next step.
 *
 * Two rules for these texts: say first whether money moved, and never suggest paying again while it may have.
 */

const PRICES = { label: "Back to prices", href: "/" };
const ACCOUNT = { label: "See your account", href: "/account" };

/** A way to ask again, without leaving the page. */
const AGAIN = { label: "Check again", again: true };

export const OUTCOMES = {
  checking: { title: "Checking your payment…", text: ["This takes a moment."], motion: "swing", actions: [] },

  paid: { title: "Thank you", tone: "good", text: [], motion: "settle", actions: [ACCOUNT, PRICES] },

  processing: {
    title: "Your payment is on its way",
    text: [
      "Your bank has not confirmed it yet. Bank debits can take some days.",
      "It is safe to leave this page: your account is credited as soon as the payment is confirmed.",
    ],
    motion: "swing",
    actions: [AGAIN, ACCOUNT],
  },

  open: {
    title: "This checkout is not finished",
    text: ["Nothing was charged. Pick the same thing again to pay for it."],
    actions: [PRICES, AGAIN],
  },

  expired: {
    title: "This checkout has expired",
    tone: "bad",
    text: ["Nothing was charged. A checkout page is only good for a limited time: start a new one."],
    actions: [PRICES, ACCOUNT],
  },

  failed: {
    title: "The payment did not go through",
    tone: "bad",
    text: ["Your bank refused it, so you were not charged and nothing was added to your account.",
      "You can try again, perhaps with another way to pay."],
    actions: [PRICES, ACCOUNT],
  },

  review: {
    title: "Your payment is being looked at",
    tone: "wait",
    text: [
      "You have paid, but what was paid is not what was ordered here, so nothing was added to your account yet.",
      "Somebody will look at it. Please do not pay again.",
    ],
    actions: [AGAIN, ACCOUNT],
  },

  unknown: {
    title: "We do not know this checkout",
    tone: "bad",
    text: [
      "The address may be incomplete, or the purchase belongs to another account.",
      "If you have paid, sign in as the person who did: nothing is lost.",
    ],
    actions: [{ label: "Use another account", switchUser: true }, PRICES],
  },

  unreachable: {
    title: "We cannot check your payment right now",
    tone: "wait",
    text: [
      "Stripe, our payment provider, is not answering us.",
      "If you have paid, your payment is safe. Stripe also tells our server directly, by a webhook, and that finishes "
        + "the purchase without this page. Please do not pay again.",
    ],
    actions: [{ ...AGAIN, label: "Try again" }, ACCOUNT],
  },

  interrupted: {
    title: "We cannot show your purchase right now",
    tone: "wait",
    text: ["If you have paid, your payment is safe: it is credited to your account without this page. "
      + "Please do not pay again."],
    actions: [{ ...AGAIN, label: "Try again" }, ACCOUNT],
  },

  "signed-out": {
    title: "Sign in to see your purchase",
    text: ["Only the person who bought something may see it. If you have paid, your payment is safe."],
    actions: [],
  },
};

/** Error codes that mean something else than "it did not work this time". */
const OUTCOME_OF_ERROR = {
  session_not_found: "unknown",
  forbidden: "unknown",
  invalid_request: "unknown", // an id that cannot be one
  unauthorized: "signed-out",
  stripe_unavailable: "unreachable",
};

/** @param {import("./http.js").ApiError} error @returns {string} a key of OUTCOMES */
export const outcomeOfError = (error) => OUTCOME_OF_ERROR[error.code] ?? "interrupted";
