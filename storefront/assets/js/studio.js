/** Using credits: what an app sells for them, and what its backend says of it. */

import { getCredits } from "./api.js";
import { figure, h, whileBusy } from "./dom.js";
import { number, plural } from "./format.js";
import { signInButtons } from "./header.js";
import { requestJson } from "./http.js";
import { problem } from "./problem.js";
import { currentSession, sessionEvents } from "./session.js";

const place = document.getElementById("studio");

const OFFERS = [
  { id: "name", title: "A name for a project", price: "10 credits", verb: "Find a name",
    how: "A fixed price: the backend spends it, then hands over." },
  { id: "paragraph", title: "A paragraph", price: "A credit for each word, 50 at most", verb: "Write it",
    how: "The price is known afterwards: the backend reserves 50, works, and takes what it came to." },
  { id: "motto", title: "A motto", price: "Comes with level PRO", verb: "Quote one",
    how: "No credits: the backend asks which level you have." },
];

async function showStudio() {
  const session = currentSession();
  let parts;
  try {
    parts = session ? [balance(await getCredits()), h("ul", { class: "offers" }, OFFERS.map(offerCard))] : [await signedOut()];
  } catch (error) {
    parts = [h("p", { class: "notice bad", role: "alert" }, ...problem(error, { retry: showStudio }))];
  }
  if (currentSession()?.token !== session?.token) return; // somebody else signed in meanwhile
  place.replaceChildren(...parts);
  place.setAttribute("aria-busy", "false");
}

async function signedOut() {
  return h("section", { class: "panel" }, h("h2", {}, "Sign in to use your credits"), await signInButtons());
}

function balance({ available, reserved }) {
  return h("dl", { class: "figures", id: "balance" },
    figure("To spend", plural(available, "credit"), "available"),
    figure("Reserved", plural(reserved, "credit"), "reserved"));
}

function offerCard({ id, title, price, verb, how }) {
  const answer = h("div", { class: "answer", "aria-live": "polite", "data-testid": `answer-${id}` });
  const ask = async (key, button) => {
    try {
      await draw(answer, id, key, await whileBusy(button, "Working…", () => backend(id, key)), ask);
    } catch (error) {
      answer.replaceChildren(h("p", { class: "problem", role: "alert" }, ...problem(error)));
    }
  };
  return h("li", { class: "card", "data-testid": `offer-${id}` },
    h("h2", {}, title),
    h("p", {}, h("strong", {}, price)),
    h("p", { class: "quiet" }, how),
    // a key for each press: whatever is repeated on the way, by the page or by the backend, is charged once
    h("button", { class: "button", type: "button", click: (event) => ask(crypto.randomUUID(), event.currentTarget) }, verb),
    answer);
}

async function draw(answer, id, key, done, ask) {
  const again = h("button", { class: "link", type: "button", click: (event) => ask(key, event.currentTarget) }, "Send the same request again");
  answer.replaceChildren(
    h("blockquote", {}, done.result),
    ...(done.spent ? [h("p", { class: "quiet", "data-testid": `charged-${id}` }, charged(done)), again] : []));
  // an answer that is given again tells the credits of the first time, so they are read anew
  if (done.credits) document.getElementById("balance").replaceWith(balance(done.replayed ? await getCredits() : done.credits));
}

function charged({ reserved, spent, replayed }) {
  const what = reserved
    ? `${number(reserved)} reserved, ${number(spent)} used, ${number(reserved - spent)} given back.`
    : `${plural(spent, "credit")} used.`;
  return replayed ? `Answered again. It was charged once: ${what}` : what;
}

/** This shop's own backend, not the billing API. */
const backend = (job, key) =>
  requestJson(`/backend/${job}`, { method: "POST", body: {}, key, token: currentSession()?.token, timeoutMs: 25_000 });

sessionEvents.addEventListener("change", showStudio);
addEventListener("pageshow", (event) => event.persisted && showStudio()); // back from buying more
await showStudio();
