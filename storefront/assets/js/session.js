/**
 * Who is signed in, in this tab.
 *
 * The demonstration signs you in without a password. In your app the token comes from your identity provider, and this
 * file is the one you replace: Plumbline only needs a JWT whose `sub` is the user.
 *
 * sessionStorage, because it outlives the trip to Stripe and back in the same tab but not the tab, and because two tabs
 * can be two people, which is handy for trying things.
 */

import { requestJson } from "./http.js";

const KEY = "plumbline.session";

/** Fires "change" after a sign-in or sign-out. */
export const sessionEvents = new EventTarget();

/** @returns {{user: string, token: string, expiresAt: number} | null} */
export function currentSession() {
  const session = JSON.parse(sessionStorage.getItem(KEY) ?? "null");
  if (session && session.expiresAt <= Date.now()) return null;
  return session;
}

/** @throws {ApiError} */
export async function signIn(user) {
  const { token, expiresIn } = await requestJson("/auth/sign-in", { method: "POST", body: { user } });
  const expiresAt = Date.now() + expiresIn * 1000;
  sessionStorage.setItem(KEY, JSON.stringify({ user, token, expiresAt }));
  sessionEvents.dispatchEvent(new Event("change"));
}

export function signOut() {
  sessionStorage.removeItem(KEY);
  sessionEvents.dispatchEvent(new Event("change"));
}
