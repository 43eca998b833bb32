"""A Stripe customer for a user, once, before the first checkout: one that is there already, if it may be, or a new one.

Stripe's idempotency keys forget after a day, and the same key with other parameters is an error. So the parameters are
frozen in our own account item first, and the key is made of what is stored there: the user and a generation that is
bumped when the customer was deleted (money rule 23).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from billing.domain.account import Account
from billing.domain.ids import CustomerId, UserId
from billing.errors import CheckoutConflict, StripeKeyInUse, StripeRefused
from billing.ports.store import AccountStore
from billing.ports.stripe import StripeCheckout
from billing.ports.world import Log
from billing.services.converge import ConvergeDeps
from billing.services.wait_for_key import KEY_TURNS, wait_for_key

_MOST_ADOPTED = 10
"""Each customer of an account costs a read of Stripe in every converge."""


@dataclass(frozen=True, slots=True)
class Ensured:
    """The account and the customer for its next checkout.

    While the account is `unlooked` its customers may have a past that it does not show yet: they were adopted, or made
    by a call that died, and what happened to them since was parked.
    """

    account: Account
    customer: CustomerId


def ensure_customer(
    user: UserId, email: str | None, core: ConvergeDeps, stripe: StripeCheckout, *, adopting: bool
) -> Ensured:
    """The user's account and customer; both are made if they do not exist.

    `email` is the verified address of the token, if it has one; with `adopting`, customers of that address are taken
    over instead of making another one. Two callers at once get the same customer: the same key answers both, and one of
    them writes the owner. Raises CheckoutConflict when others are in the way at every turn, and what the ports raise.
    """
    accounts = core.accounts
    account = accounts.load(user, []).account
    if account.customer is not None:
        return Ensured(account, account.customer)
    for turn in range(KEY_TURNS):
        if _lacks(account, email):
            account = accounts.open_account(replace(account, email=email))
            if _lacks(account, email):  # another transaction is at it, which may freeze another address
                wait_for_key(turn, core)
                continue
        if account.customer is not None:
            return Ensured(account, account.customer)
        never_had_one = account.customer_generation == 1
        adopted = _adoptable(user, email, accounts, stripe) if adopting and email and never_had_one else ()
        try:
            customers = adopted or (_made(account, stripe, core.log),)
        except StripeKeyInUse:  # another call is at it: it will have written the owner
            wait_for_key(turn, core)
            account = accounts.load(user, []).account
            continue
        owned = accounts.own_customers(account, customers)
        if owned is not None:
            for customer in customers:
                core.log.info("customer adopted" if adopted else "customer created", user_id=user, customer_id=customer)
            return Ensured(owned, customers[-1])
        account = accounts.load(user, []).account
    raise CheckoutConflict("other requests of this user are in progress: try again", user_id=user)


def _lacks(account: Account, email: str | None) -> bool:
    """Whether the account, or the address in it, is still to be written: somebody may be given credits before."""
    return account.version == 0 or (account.email is None and email is not None)


def _made(account: Account, stripe: StripeCheckout, log: Log) -> CustomerId:
    """A new customer. The address is frozen in the account: one that Stripe refuses would be refused at every checkout
    of this user for good, so the customer is made without, and Checkout asks the buyer for one
    (https://docs.stripe.com/api/checkout/sessions/create).
    """
    key = f"customer:{account.user}:{account.customer_generation}"
    if account.email is not None:
        try:
            return stripe.create_customer(account.user, account.email, key)
        except StripeRefused as refused:
            if refused.param != "email":
                raise
            log.warning("e-mail address refused by Stripe", user_id=account.user, stripe_code=refused.stripe_code)
    return stripe.create_customer(account.user, None, f"{key}:no-email")


def _adoptable(user: UserId, email: str, accounts: AccountStore, stripe: StripeCheckout) -> tuple[CustomerId, ...]:
    """The customers to take over, the one for new checkouts last.

    The address must be the user's, verified, and nobody's here may own the customer. Anybody with access to the Stripe
    account writes its metadata: a `user_id` there never gives a customer away, but one that names somebody else keeps
    it from being given. All that have a subscription are taken, so that a second one is refused; if none has, the
    newest, which is likeliest to have the buyer's card.
    """
    try:
        listed = stripe.customers_of(email)
    except StripeRefused as refused:
        if refused.param != "email":
            raise
        return ()  # nobody has an address that Stripe refuses
    found = [item for item in listed if item.user_hint in (None, user)]
    owned = accounts.owners([item.id for item in found])
    free = sorted((item for item in found if item.id not in owned), key=lambda item: (item.created, item.id))
    subscribed = [item for item in free if item.subscribed][-_MOST_ADOPTED:]
    return tuple(item.id for item in subscribed or free[-1:])
