/** The account page: balance, level, subscriptions and what can be done about them, and the ledger behind it all. */

import { getAccount, getCatalog, getCredits } from "./api.js";
import { figure, h } from "./dom.js";
import { date, number } from "./format.js";
import { signInButtons } from "./header.js";
import { ledger } from "./ledger.js";
import { lotsSection, reservationsSection } from "./lots.js";
import { messageFor } from "./messages.js";
import { currentSession, sessionEvents } from "./session.js";
import { subscriptionsSection } from "./subscriptions.js";

const place = document.getElementById("account");

/** @param {?string} news what has just been done, said on top of the account that shows it */
async function showAccount(news = null) {
  const session = currentSession();
  if (!session) return draw(await signedOut(), session);
  let parts;
  try {
    const [account, credits, catalog, entries] = await Promise.all([getAccount(), getCredits(), getCatalog(), ledger()]);
    parts = [
      news ? h("p", { class: "notice good", role: "status", "data-testid": "news" }, news) : null,
      summary(account),
      subscriptionsSection(account.subscriptions, catalog.prices, showAccount),
      reservationsSection(credits.reservations),
      lotsSection(credits.lots),
      entries,
    ];
  } catch (error) {
    parts = [
      h("div", { class: "notice bad", role: "alert" },
        h("p", {}, messageFor(error)),
        h("button", { class: "button small", type: "button", click: () => showAccount() }, "Try again")),
    ];
  }
  draw(parts, session);
}

/** Draw, unless somebody signed in or out while the answer was on its way: that person's page must not show this. */
function draw(parts, session) {
  if (currentSession()?.token !== session?.token) return;
  place.replaceChildren(...parts.filter(Boolean));
  place.setAttribute("aria-busy", "false");
}

async function signedOut() {
  return [
    h("section", { class: "panel", "data-testid": "signed-out" },
      h("h2", {}, "Sign in to see your account"),
      h("p", {}, "There is no password: this is a demonstration."),
      await signInButtons()),
  ];
}

function summary({ credits, entitlements, email }) {
  const { reserved } = credits;
  return h("dl", { class: "figures" },
    figure("Credits", number(credits.balance), "balance", remark(credits, reserved)),
    figure("Level", entitlements.level, "level",
      entitlements.expiresAt ? `until ${date(entitlements.expiresAt)}` : null),
    email ? figure("E-mail for receipts", email, "email") : null);
}

/** A negative balance is a debt: credits that were paid back after they had been used. */
function remark({ balance, available }, reserved) {
  if (balance < 0) return "owed: the next credits cover this first";
  return reserved > 0 ? `${number(available)} free to spend, ${number(reserved)} reserved` : null;
}

sessionEvents.addEventListener("change", () => showAccount());
addEventListener("pageshow", (event) => event.persisted && showAccount()); // back from the portal: much may have changed
await showAccount();
