/** The cart: what will be bought together. It is kept as long as the tab, so leaving the checkout does not empty it. */

const KEY = "plumbline.cart";

/** Fires "change" whenever something is put in or taken out. */
export const cartEvents = new EventTarget();

/** @returns {{priceId: string, quantity: number}[]} in the order in which they were put in */
export const cartLines = () => JSON.parse(sessionStorage.getItem(KEY) ?? "[]");

/** Put something in; what is there already becomes more, as the API takes no price twice. */
export function addToCart(priceId, quantity) {
  const lines = cartLines();
  const line = lines.find((each) => each.priceId === priceId);
  if (line) line.quantity += quantity;
  else lines.push({ priceId, quantity });
  keep(lines);
}

export const removeFromCart = (priceId) => keep(cartLines().filter((line) => line.priceId !== priceId));

export const emptyCart = () => keep([]);

/**
 * Empty it once it was paid for. Whatever else was bought meanwhile, by itself or in another tab, leaves it alone.
 *
 * @param {{priceId: string, quantity: number}[]} paid the lines of a purchase
 */
export function emptyCartIfPaid(paid) {
  if (wanted(paid) === wanted(cartLines())) emptyCart();
}

const wanted = (lines) => lines.map(({ priceId, quantity }) => `${priceId}*${quantity}`).sort().join();

function keep(lines) {
  sessionStorage.setItem(KEY, JSON.stringify(lines));
  cartEvents.dispatchEvent(new Event("change"));
}
