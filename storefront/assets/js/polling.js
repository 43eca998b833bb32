/** When to ask again about what is still on its way. */

/** Seconds between two questions about a payment. They grow, and end after about five minutes: a bank debit takes days. */
const PAYMENT = [2, 3, 5, 8, 13, 20, 30, 45, 60, 60, 60];

/** Yields after each delay; `last` is true on the final one. Waits while the page is hidden: nobody is looking. */
export async function* pollDelays(delays = PAYMENT) {
  for (const [index, seconds] of delays.entries()) {
    await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    await visible();
    yield { last: index === delays.length - 1 };
  }
}

async function visible() {
  while (document.hidden) {
    await new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }));
  }
}
