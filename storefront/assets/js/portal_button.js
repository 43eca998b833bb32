/** A way into Stripe's customer portal: payment methods, invoices, cancelling. */

import { visitPortal } from "./billing.js";
import { h, whileBusy } from "./dom.js";
import { messageFor } from "./messages.js";

/** @param {object} where in the portal, see visitPortal. @param {HTMLElement} problem says what went wrong. @param {string} look classes */
export function portalButton(label, where, problem, look) {
  const button = h("button", {
    class: look, type: "button",
    click: async () => {
      problem.textContent = "";
      try {
        await whileBusy(button, "Opening…", () => visitPortal(where));
      } catch (error) {
        problem.textContent = messageFor(error);
      }
    },
  }, label);
  return button;
}
