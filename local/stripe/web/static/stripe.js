// A stand-in for Stripe.js: as much of it as embedded Checkout needs.
// https://docs.stripe.com/js/embedded_checkout/create and https://docs.stripe.com/js/embedded_checkout/mount
//
// Under /v3/ it has initEmbeddedCheckout; since the release of 2026-03-25 (dahlia) the method is called
// createEmbeddedCheckoutPage, and the old name throws:
// https://docs.stripe.com/changelog/dahlia/2026-03-25/rename-init-embedded-checkout-to-create-embedded-checkout-page
"use strict";

(() => {
  const source = new URL(document.currentScript.src);
  const legacy = source.pathname.startsWith("/v3");
  let current = null;

  class IntegrationError extends Error {
    name = "IntegrationError";
  }

  const refuse = (message) => {
    throw new IntegrationError(message);
  };

  class EmbeddedCheckout {
    #frame = document.createElement("iframe");
    #onComplete;
    #listen = (event) => this.#hear(event);

    constructor(secret, onComplete) {
      this.#onComplete = onComplete;
      this.#frame.src = `${source.origin}/c/embedded/${encodeURIComponent(secret)}`;
      this.#frame.title = "Secure payment form";
      this.#frame.name = "embedded-checkout";
      this.#frame.style.cssText = "width: 100%; height: 48rem; border: 0; display: block;";
      window.addEventListener("message", this.#listen);
    }

    mount(target) {
      const place = typeof target === "string" ? document.querySelector(target) : target;
      if (!(place instanceof Element)) {
        refuse(`The selector you specified (${target}) applies to no DOM elements that are currently on the page.`);
      }
      place.replaceChildren(this.#frame);
    }

    unmount() {
      this.#frame.remove();
    }

    destroy() {
      this.unmount();
      window.removeEventListener("message", this.#listen);
      current = current === this ? null : current;
    }

    #hear(event) {
      if (event.source !== this.#frame.contentWindow || event.origin !== source.origin) {
        return;
      }
      const message = event.data;
      if (message?.standIn !== "checkout") {
        return;
      }
      if (message.is === "height") {
        this.#frame.style.height = `${message.pixels}px`;
      } else if (message.is === "complete" && message.onward) {
        window.location.assign(message.onward);
      } else if (message.is === "complete") {
        this.#onComplete?.();
      }
    }
  }

  const create = async ({ fetchClientSecret, clientSecret, onComplete } = {}) => {
    if (current !== null) {
      refuse("You cannot have multiple Embedded Checkout objects.");
    }
    if (typeof fetchClientSecret !== "function" && typeof clientSecret !== "string") {
      refuse("Invalid value for createEmbeddedCheckoutPage(): fetchClientSecret should be a function.");
    }
    current = "waiting";
    try {
      const secret = clientSecret ?? (await fetchClientSecret());
      if (typeof secret !== "string" || !/^cs_test_\w+_secret_\w+$/.test(secret)) {
        refuse("Invalid value for fetchClientSecret: it should resolve to the client secret of a Checkout Session.");
      }
      current = new EmbeddedCheckout(secret, onComplete);
    } catch (broken) {
      current = null;
      throw broken;
    }
    return current;
  };

  window.Stripe = function Stripe(key) {
    if (typeof key !== "string" || !key.startsWith("pk_test_")) {
      refuse("Invalid value for Stripe(): apiKey should be a string that starts with pk_test_ here.");
    }
    if (legacy) {
      return { initEmbeddedCheckout: create };
    }
    return {
      createEmbeddedCheckoutPage: create,
      initEmbeddedCheckout: () => refuse("stripe.initEmbeddedCheckout() is now stripe.createEmbeddedCheckoutPage()."),
    };
  };
  window.Stripe.version = legacy ? 3 : "endive";
})();
