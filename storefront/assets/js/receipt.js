/** The details of a paid purchase, and what the account is now. */

import { figure, h } from "./dom.js";
import { date, dateTime, money, number, plural } from "./format.js";

/** @param {{purchase: object, credits: object, entitlements: object}} answer @returns {Node[]} */
export function receipt({ purchase, credits, entitlements }) {
  return [
    h("p", { class: "lead", "data-testid": "granted" }, grantedLine(purchase)),
    h("dl", { class: "figures" },
      figure("Your balance", plural(credits.balance, "credit"), "balance"),
      figure("Your level", entitlements.level, "level",
        entitlements.expiresAt ? `until ${date(entitlements.expiresAt)}` : null)),
    lineTable(purchase),
    h("dl", { class: "facts" },
      fact("Paid", purchase.paidAt ? dateTime(purchase.paidAt) : null),
      fact("Order", purchase.orderId, true),
      fact("Checkout", purchase.sessionId, true)),
  ];
}

function grantedLine({ creditsGranted, lines, mode }) {
  const levels = lines.map((line) => line.level).filter(Boolean);
  if (mode === "subscription") {
    // its credits come with each paid invoice, so the checkout itself has granted none
    const each = lines.reduce((sum, line) => sum + line.credits, 0);
    const includes = [...(each ? [plural(each, "credit")] : []), ...levels.map((level) => `level ${level}`)];
    return `Your subscription has started${includes.length ? `. It includes ${includes.join(" and ")}` : ""}.`;
  }
  const got = [
    ...(creditsGranted ? [`${plural(creditsGranted, "credit")} added to your account`] : []),
    ...levels.map((level) => `level ${level} is yours`),
  ];
  return got.length ? `Your payment went through: ${got.join(", ")}.` : "Your payment went through.";
}

function lineTable({ lines, amountTotal, currency, mode }) {
  return h("table", { class: "lines", "data-testid": "lines" },
    h("caption", { class: "hidden" }, "What you bought"),
    h("thead", {}, h("tr", {},
      h("th", { scope: "col" }, "Item"),
      h("th", { scope: "col", class: "amount" }, "Quantity"),
      h("th", { scope: "col", class: "amount" }, "Each"))),
    h("tbody", {}, lines.map((line) => h("tr", {},
      h("td", {}, line.name),
      h("td", { class: "amount" }, number(line.quantity)),
      h("td", { class: "amount" }, money(line.unitAmount, currency))))),
    h("tfoot", {}, [difference(lines, amountTotal, currency, mode), h("tr", {},
      h("th", { scope: "row", colspan: 2 }, "Total paid"),
      h("td", { class: "amount", "data-testid": "total" }, money(amountTotal, currency)))]));
}

/** What lies between the list prices and what was paid. Less is a promotion code or, of a subscription, a trial; more is a tax. */
function difference(lines, amountTotal, currency, mode) {
  if (lines.some(({ unitAmount }) => unitAmount === null)) return null;
  const between = amountTotal - lines.reduce((sum, { quantity, unitAmount }) => sum + quantity * unitAmount, 0);
  if (between === 0) return null;
  const less = mode === "subscription" ? "Trial or discount" : "Discount";
  return h("tr", { class: "between" },
    h("th", { scope: "row", colspan: 2 }, between < 0 ? less : "Taxes"),
    h("td", { class: "amount", "data-testid": "difference" }, money(between, currency)));
}

function fact(label, value, code = false) {
  if (!value) return null;
  return h("div", {}, h("dt", {}, label), h("dd", {}, code ? h("code", {}, value) : value));
}
