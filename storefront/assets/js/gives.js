/** Put in words what a price gives. The facts are the API's; only the wording is ours. */

import { number, period, plural } from "./format.js";

/** @param {{gives: object, type: string, interval: ?string, intervalCount: ?number}} price @returns {string[]} one line per thing */
export function whatItGives(price) {
  const { gives, type } = price;
  const lines = [];
  const recurring = type === "recurring";
  if (gives.credits) {
    lines.push(recurring ? `${plural(gives.credits, "credit")} every ${period(price)}` : plural(gives.credits, "credit"));
    lines.push(
      gives.creditsExpireDays
        ? `Credits last ${plural(gives.creditsExpireDays, "day")}`
        : "Credits do not expire",
    );
  }
  if (gives.level) {
    if (recurring) lines.push(`Level ${gives.level} while subscribed`);
    else if (gives.levelDays) lines.push(`Level ${gives.level} for ${number(gives.levelDays)} days`);
    else lines.push(`Level ${gives.level}, for good`);
  }
  if (recurring) lines.push(`Renews every ${period(price)} until you cancel`);
  return lines;
}
