"""A Stripe customer for a user, once, before the first checkout.

Stripe's idempotency keys forget after a day, and the same key with other parameters is an error. So the parameters are
frozen in our own account item first, and the key is made of what is stored there: the user and a generation that is
bumped when the customer was deleted (money rule 23).
"""

from __future__ import annotations

from billing.domain.account import Account
from billing.domain.ids import CustomerId, UserId
from billing.errors import CheckoutConflict
from billing.ports.store import AccountStore
from billing.ports.stripe import StripeCheckout
from billing.ports.world import Log

_ATTEMPTS = 3


def ensure_customer(
    user: UserId, email: str | None, accounts: AccountStore, stripe: StripeCheckout, log: Log
) -> tuple[Account, CustomerId]:
    """The user's account and customer; both are made if they do not exist.

    Two callers at once get the same customer: the same key answers both, and one of them writes the owner. Raises
    CheckoutConflict when other writers win every attempt, and what the ports raise.
    """
    account = accounts.load(user, []).account
    if account.customer is not None:
        return account, account.customer
    if account.version == 0:
        account = accounts.open_account(Account(user=user, email=email))
    for _ in range(_ATTEMPTS):
        if account.customer is not None:
            return account, account.customer
        customer = stripe.create_customer(user, account.email, f"customer:{user}:{account.customer_generation}")
        owned = accounts.own_customer(account, customer)
        if owned is not None:
            log.info("customer created", user_id=user, customer_id=customer)
            return owned, customer
        account = accounts.load(user, []).account
    raise CheckoutConflict("other requests of this user are in progress: try again", user_id=user)
