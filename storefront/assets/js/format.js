/** Numbers, money and time as people read them. Intl does the work; the language is the page's own. */

const LANGUAGE = document.documentElement.lang;

/**
 * How many decimals Stripe's amounts have, where it is not two.
 *
 * This is Stripe's list, not ISO 4217's: MGA has no decimals in its API, and ISK and UGX keep two although their money
 * has none. Dividing by 100 everywhere would show a ¥500 price as ¥5.  https://docs.stripe.com/currencies#special-cases
 */
const DECIMALS = {
  BIF: 0, CLP: 0, DJF: 0, GNF: 0, JPY: 0, KMF: 0, KRW: 0, MGA: 0, PYG: 0, RWF: 0, VND: 0, VUV: 0, XAF: 0, XOF: 0, XPF: 0,
  BHD: 3, JOD: 3, KWD: 3, OMR: 3, TND: 3,
};

/** @param {number} minorUnits integer, as Stripe counts. @param {string} currency ISO code, any case. */
export function money(minorUnits, currency) {
  const code = currency.toUpperCase();
  const amount = minorUnits / 10 ** (DECIMALS[code] ?? 2);
  return new Intl.NumberFormat(LANGUAGE, { style: "currency", currency: code }).format(amount);
}

const count = new Intl.NumberFormat(LANGUAGE);
const change = new Intl.NumberFormat(LANGUAGE, { signDisplay: "exceptZero" });
const day = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium" });
const moment = new Intl.DateTimeFormat(LANGUAGE, { dateStyle: "medium", timeStyle: "short" });

export const number = (value) => count.format(value);
export const signed = (value) => change.format(value);

/** @param {string} iso as the API sends it, UTC; shown in the reader's own time zone */
export const date = (iso) => day.format(new Date(iso));
export const dateTime = (iso) => moment.format(new Date(iso));

/** A price's period: "month", or "3 months". @param {{interval: string, intervalCount: ?number}} price */
export const period = ({ interval, intervalCount }) => (intervalCount > 1 ? `${number(intervalCount)} ${interval}s` : interval);

/** plural(1, "credit") is "1 credit", plural(500, "credit") is "500 credits". */
export const plural = (value, noun) => `${number(value)} ${noun}${value === 1 ? "" : "s"}`;
