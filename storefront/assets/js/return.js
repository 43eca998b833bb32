/**
 * The page a buyer comes back to: asks the API how the checkout ended, and says so.
 *
 * The answer decides, not the fact that Stripe sent the browser here: this address can be opened by anybody, with any
 * session id, before or after the payment.
 */

import { getCheckoutOutcome } from "./api.js";
import { emptyCartIfPaid } from "./cart.js";
import { bob, h, whileBusy } from "./dom.js";
import { signInButtons } from "./header.js";
import { messageFor } from "./messages.js";
import { OUTCOMES, outcomeOfError } from "./outcomes.js";
import { pollDelays } from "./polling.js";
import { receipt } from "./receipt.js";
import { currentSession, sessionEvents, signOut } from "./session.js";

const sessionId = new URLSearchParams(location.search).get("session_id");
const place = document.getElementById("outcome");

/** Only the newest check may draw: signing in, or "Check again" during a poll, starts another. */
let newestCheck = 0;

async function check() {
  const thisCheck = ++newestCheck;
  if (!sessionId) return show("unknown");
  if (!currentSession()) return show("signed-out");
  let { outcome, answer } = await ask();
  if (thisCheck !== newestCheck) return;
  show(outcome, answer);

  for await (const progress of outcome === "processing" ? pollDelays() : []) {
    if (thisCheck !== newestCheck) return;
    ({ outcome, answer } = await ask());
    if (thisCheck !== newestCheck) return;
    const settled = !["processing", "unreachable", "interrupted"].includes(outcome);
    if (settled) return show(outcome, answer);
    note(progress);
  }
}

async function ask() {
  try {
    const answer = await getCheckoutOutcome(sessionId);
    return { outcome: answer.status, answer };
  } catch (error) {
    messageFor(error); // for its line in the console; what the buyer reads is the outcome's text
    return { outcome: outcomeOfError(error) };
  }
}

function show(name, answer) {
  const { title, tone = "", text, motion, actions } = OUTCOMES[name] ?? OUTCOMES.interrupted;
  const hadFocus = place.contains(document.activeElement);
  const heading = h("h1", { tabindex: -1 }, title);
  place.dataset.state = name;
  place.className = `outcome ${tone}`.trim();
  document.title = `${title} · Plumbline`;
  place.replaceChildren(
    bob(motion),
    heading,
    ...text.map((line) => h("p", {}, line)),
    ...(name === "paid" ? receipt(answer) : []),
    h("p", { class: "quiet", id: "progress", "data-testid": "progress" }),
    h("p", { class: "actions" }, actions.map(actionElement)),
  );
  if (name === "paid") emptyCartIfPaid(answer.purchase.lines);
  if (hadFocus) heading.focus(); // the button that was pressed is gone: a keyboard user starts from the news
  if (name === "signed-out") offerSignIn();
}

function actionElement({ label, href, again, switchUser }, index) {
  const look = index === 0 ? "button" : "button plain";
  if (again) {
    const click = (event) => whileBusy(event.currentTarget, "Checking…", check);
    return h("button", { class: look, type: "button", "data-testid": "check-again", click }, label);
  }
  if (switchUser) return h("button", { class: look, type: "button", click: signOut }, label);
  return h("a", { class: look, href }, label);
}

async function offerSignIn() {
  const buttons = await signInButtons();
  if (place.dataset.state === "signed-out") place.append(buttons);
}

function note({ last }) {
  const line = last
    ? "Still processing. This page has stopped checking; your account will be credited all the same."
    : `Still processing. Last checked at ${new Date().toLocaleTimeString(document.documentElement.lang)}.`;
  document.getElementById("progress").textContent = line;
}

sessionEvents.addEventListener("change", check);
await check();
