/** The ledger: every change of the account with its cause, newest first, a page at a time. */

import { getTransactions } from "./api.js";
import { h, whileBusy } from "./dom.js";
import { dateTime, number, signed } from "./format.js";
import { messageFor } from "./messages.js";

/** The API's kinds of entry, in plain words. */
const KINDS = {
  PURCHASE: "Bought",
  RENEWAL: "Included in your subscription",
  REFUND: "Taken back: payment refunded",
  DISPUTE: "Taken back: payment disputed",
  DISPUTE_WON: "Given again: dispute settled",
  REFUND_FAILED: "Given again: refund failed",
  SPEND: "Used",
  SPEND_REVERSAL: "Use undone",
  EXPIRY: "Expired",
  ADJUSTMENT: "Corrected by support",
  ACCESS: "Level changed",
};

/** @returns {Promise<HTMLElement>} with the first page in it. @throws {ApiError} */
export async function ledger() {
  const first = await getTransactions();
  const rows = h("tbody", {}, first.transactions.map(row));
  const section = h("section", { "aria-labelledby": "ledger-title" }, h("h2", { id: "ledger-title" }, "Ledger"));
  if (first.transactions.length === 0) {
    section.append(h("p", { class: "quiet" }, "Nothing has happened yet."));
    return section;
  }
  section.append(
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-labelledby": "ledger-title" },
      h("table", { class: "ledger", "data-testid": "ledger" },
        h("thead", {}, h("tr", {},
          h("th", { scope: "col" }, "What"),
          h("th", { scope: "col" }, "When"),
          h("th", { scope: "col", class: "amount" }, "Credits"),
          h("th", { scope: "col", class: "amount" }, "Balance"))),
        rows)),
  );
  if (first.nextCursor) section.append(...olderButton(rows, first.nextCursor));
  return section;
}

function olderButton(rows, cursor) {
  const problem = h("p", { class: "problem", role: "alert" });
  const button = h("button", { class: "button plain small", type: "button", "data-testid": "older" }, "Older");
  button.addEventListener("click", async () => {
    problem.textContent = "";
    try {
      const page = await whileBusy(button, "Loading…", () => getTransactions({ cursor }));
      rows.append(...page.transactions.map(row));
      cursor = page.nextCursor;
      button.hidden = !cursor;
    } catch (error) {
      problem.textContent = messageFor(error);
    }
  });
  return [button, problem];
}

/** A reason is the API's sentence; a time in it is written as times are here. */
const readable = (reason) => reason.replace(/\d{4}-\d\d-\d\dT[\d:]+Z/g, dateTime);

function row({ kind, amount, balanceAfter, createdAt, stripeObject, reason }) {
  return h("tr", { "data-kind": kind },
    h("td", {},
      h("span", { class: "what" }, KINDS[kind] ?? kind),
      h("time", { class: "quiet when-small", datetime: createdAt }, dateTime(createdAt)),
      reason ? h("span", { class: "quiet" }, readable(reason)) : null,
      stripeObject ? h("code", {}, stripeObject) : null),
    h("td", {}, h("time", { datetime: createdAt }, dateTime(createdAt))),
    h("td", { class: `amount ${amount > 0 ? "plus" : ""}` }, amount === 0 ? "–" : signed(amount)),
    h("td", { class: "amount" }, number(balanceAfter)));
}
