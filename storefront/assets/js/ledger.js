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
  DISPUTE_WON: "Given back: dispute settled",
  REFUND_FAILED: "Given back: refund failed",
  SPEND: "Used",
  SPEND_REVERSAL: "Use reversed",
  EXPIRY: "Expired",
  ADJUSTMENT: "Corrected by support",
  RESTORE: "Adjusted during a restore",
  ACCESS: "Level changed",
};

/** What can be asked for alone; each is some of the API's kinds. */
const FILTERS = [
  { name: "Everything", kinds: [] },
  { name: "Added", kinds: ["PURCHASE", "RENEWAL", "ADJUSTMENT"] },
  { name: "Used", kinds: ["SPEND", "SPEND_REVERSAL"] },
  { name: "Refunds", kinds: ["REFUND", "REFUND_FAILED", "DISPUTE", "DISPUTE_WON"] },
  { name: "Expired", kinds: ["EXPIRY"] },
  { name: "Level", kinds: ["ACCESS"] },
];

/** @returns {Promise<HTMLElement>} with the first page in it. @throws {ApiError} */
export async function ledger() {
  const place = h("div", { "data-testid": "ledger-entries" });
  const problem = h("p", { class: "problem", role: "alert" });
  let asked = 0;

  async function show(kinds) {
    const mine = (asked += 1);
    const first = await nextPage(kinds);
    if (mine === asked) place.replaceChildren(...entries(first, kinds)); // else another filter was pressed meanwhile
  }

  const filters = FILTERS.map(({ name, kinds }) => h("button", {
    class: "button plain small", type: "button", "aria-pressed": String(kinds.length === 0),
    click: async (event) => {
      problem.textContent = "";
      for (const button of filters) button.setAttribute("aria-pressed", String(button === event.currentTarget));
      try {
        await show(kinds);
      } catch (error) {
        problem.textContent = messageFor(error);
      }
    },
  }, name));
  await show([]);
  return h("section", { "aria-labelledby": "ledger-title" },
    h("div", { class: "title-row" },
      h("h2", { id: "ledger-title" }, "Ledger"),
      h("div", { class: "filters", role: "group", "aria-label": "Show", "data-testid": "filters" }, filters)),
    problem, place);
}

/** Of some kinds only, a page may hold nothing though older ones do: only a null cursor ends the list. */
async function nextPage(kinds, cursor) {
  let page;
  do {
    page = await getTransactions({ kinds, cursor });
    cursor = page.nextCursor;
  } while (page.transactions.length === 0 && cursor);
  return page;
}

function entries({ transactions, nextCursor }, kinds) {
  if (transactions.length === 0) {
    return [h("p", { class: "quiet" }, kinds.length ? "None of these." : "Nothing has happened yet.")];
  }
  const rows = h("tbody", {}, transactions.map(row));
  return [
    h("div", { class: "scroll", tabindex: 0, role: "region", "aria-labelledby": "ledger-title" },
      h("table", { class: "ledger", "data-testid": "ledger" },
        h("thead", {}, h("tr", {},
          h("th", { scope: "col" }, "What"),
          h("th", { scope: "col" }, "When"),
          h("th", { scope: "col", class: "amount" }, "Credits"),
          h("th", { scope: "col", class: "amount" }, "Balance"))),
        rows)),
    ...(nextCursor ? olderButton(rows, kinds, nextCursor) : []),
  ];
}

function olderButton(rows, kinds, cursor) {
  const problem = h("p", { class: "problem", role: "alert" });
  const button = h("button", { class: "button plain small older", type: "button", "data-testid": "older" }, "Older");
  button.addEventListener("click", async () => {
    problem.textContent = "";
    try {
      const page = await whileBusy(button, "Loading…", () => nextPage(kinds, cursor));
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
