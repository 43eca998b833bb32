/** The right end of the header (the cart, and who is signed in), and the ways to sign in. */

import { cartEvents, cartLines } from "./cart.js";
import { config } from "./config.js";
import { h, whileBusy } from "./dom.js";
import { number } from "./format.js";
import { messageFor } from "./messages.js";
import { currentSession, sessionEvents, signIn, signOut } from "./session.js";

function renderHeader() {
  const session = currentSession();
  document.getElementById("who").replaceChildren(
    ...cartLink(),
    ...(session
      ? [
          h("span", { class: "avatar", "aria-hidden": "true" }, session.user.slice(0, 1).toUpperCase()),
          h("span", { class: "user-name", "data-testid": "user-name" }, session.user),
          h("button", { class: "link", type: "button", click: signOut }, "Sign out"),
        ]
      : [h("button", { class: "button small", type: "button", click: () => askToSignIn() }, "Sign in")]),
  );
}

/** The way to the cart from wherever it was filled or left; none while it is empty. */
function cartLink() {
  const count = cartLines().reduce((sum, { quantity }) => sum + quantity, 0);
  if (count === 0) return [];
  return [h("a", { class: "to-cart", href: "/#cart", "data-testid": "to-cart" }, "Cart ", h("span", { class: "badge" }, number(count)))];
}

/**
 * One button per demo user, with room for an error.
 *
 * @param {() => void} signedIn called once the token is there
 */
export async function signInButtons(signedIn = () => {}) {
  const problem = h("p", { class: "problem", role: "alert" });
  const buttons = h("div", { class: "users", role: "group", "aria-label": "Demo users" });
  const enter = async (user, button) => {
    problem.textContent = "";
    try {
      await whileBusy(button, "…", () => signIn(user));
      signedIn();
    } catch (error) {
      problem.textContent = messageFor(error);
    }
  };
  try {
    for (const user of (await config()).users) {
      const attributes = {
        class: "button small plain",
        type: "button",
        "data-user": user,
        "aria-pressed": String(user === currentSession()?.user),
        click: (event) => enter(user, event.currentTarget),
      };
      buttons.append(h("button", attributes, user));
    }
  } catch (error) {
    problem.textContent = messageFor(error);
  }
  return h("div", {}, buttons, problem);
}

/**
 * Ask who it is, in a dialog.
 *
 * @param {string} reason why it is asked now
 * @returns {Promise<boolean>} false when the dialog was closed without signing in
 */
export async function askToSignIn(reason = "There is no password: this is a demonstration.") {
  const dialog = h("dialog", { class: "sign-in", "aria-labelledby": "sign-in-title", "data-testid": "sign-in" });
  dialog.append(
    h("h2", { id: "sign-in-title" }, "Sign in as"),
    h("p", {}, reason),
    await signInButtons(() => dialog.close("signed-in")),
    h("button", { class: "link", type: "button", click: () => dialog.close() }, "Not now"),
  );
  document.body.append(dialog);
  dialog.showModal();
  await new Promise((resolve) => dialog.addEventListener("close", resolve, { once: true }));
  dialog.remove();
  return dialog.returnValue === "signed-in";
}

sessionEvents.addEventListener("change", renderHeader);
cartEvents.addEventListener("change", renderHeader);
renderHeader();
