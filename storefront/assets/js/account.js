/** The account page: balance, level, subscriptions and what can be done about them, and the ledger behind it all. */

import { getAccount, getCatalog, getCredits } from "./api.js";
import { backFromPortal } from "./billing.js";
import { figure, h } from "./dom.js";
import { date, number } from "./format.js";
import { signInButtons } from "./header.js";
import { ledger } from "./ledger.js";
import { lotsSection, reservationsSection } from "./lots.js";
import { messageFor } from "./messages.js";
import { pollDelays } from "./polling.js";
import { getPurchases, purchasesSection } from "./purchases.js";
import { currentSession, sessionEvents } from "./session.js";
import { subscriptionsSection } from "./subscriptions.js";

const place = document.getElementById("account");

/** Seconds. Most events of Stripe's come within two, and few after a minute. */
const PORTAL_DELAYS = [1, 1, 2, 3, 5, 8, 13, 20, 30];

/** Only the newest showing may draw: a change, or another person signing in, starts another. */
let newest = 0;

/** @param {?string} news what has just been done, said on top of the account that shows it */
async function showAccount(news = null) {
  const mine = ++newest;
  const add = (parts) => mine === newest && place.append(...parts.filter(Boolean));
  const draw = (parts) => {
    if (mine !== newest) return;
    place.replaceChildren();
    place.setAttribute("aria-busy", "false");
    add(parts);
  };
  if (!currentSession()) return draw([await signedOut()]);
  try {
    const [account, credits, catalog] = await Promise.all([getAccount(), getCredits(), getCatalog()]);
    draw([
      news ? h("p", { class: "notice good", role: "status", "data-testid": "news" }, news) : null,
      summary(account),
      subscriptionsSection(account.subscriptions, catalog.prices, showAccount),
      reservationsSection(credits.reservations),
      lotsSection(credits.lots),
    ]);
    const [purchases, entries] = await Promise.all([getPurchases(), ledger()]);
    add([purchasesSection(purchases, account.levels), entries]);
    if (backFromPortal()) follow(account, mine);
  } catch (error) {
    draw([
      h("div", { class: "notice bad", role: "alert" },
        h("p", {}, messageFor(error)),
        h("button", { class: "button small", type: "button", click: () => showAccount() }, "Try again")),
    ]);
  }
}

/** Show the account anew as soon as it is another one: the event of what was done at the portal may come after its visitor. */
async function follow(shown, mine) {
  const hint = h("p", { class: "notice", role: "status", "data-testid": "following" },
    "Back from Stripe. What you have changed there shows here in a moment.");
  place.prepend(hint);
  try {
    for await (const _ of pollDelays(PORTAL_DELAYS)) {
      if (mine !== newest) return;
      if (JSON.stringify(await getAccount()) !== JSON.stringify(shown)) return showAccount();
    }
  } catch (error) {
    messageFor(error); // for its line in the console: what is shown is true, and a reload asks again
  }
  hint.remove();
}

async function signedOut() {
  return h("section", { class: "panel", "data-testid": "signed-out" },
    h("h2", {}, "Sign in to see your account"),
    h("p", {}, "There is no password: this is a demonstration."),
    await signInButtons());
}

function summary({ credits, entitlements, email }) {
  return h("dl", { class: "figures" },
    figure("Credits", number(credits.balance), "balance", remark(credits)),
    figure("Level", entitlements.level, "level",
      entitlements.expiresAt ? `until ${date(entitlements.expiresAt)}` : null),
    email ? figure("E-mail for receipts", email, "email") : null);
}

/** A negative balance is a debt: credits that were paid back after they had been used. */
function remark({ balance, reserved, available }) {
  if (balance < 0) return "owed: the next credits cover this first";
  return reserved > 0 ? `${number(available)} free to spend, ${number(reserved)} reserved` : null;
}

sessionEvents.addEventListener("change", () => showAccount());
addEventListener("pageshow", (event) => event.persisted && showAccount()); // back from the portal: much may have changed
await showAccount();
