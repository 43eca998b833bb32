"""E-mail addresses that Stripe refuses, with the code `email_invalid` (https://docs.stripe.com/error-codes).

What it asks of one is not documented. Seen were refused: a space before it (https://github.com/fjordllc/bootcamp/issues/3927)
or behind it (https://github.com/stripe/stripe-dotnet/issues/1897), a domain without a dot
(https://github.com/fjordllc/bootcamp/issues/4134), no "@" (https://github.com/fjordllc/bootcamp/issues/6408), another
character in its place (https://github.com/fjordllc/bootcamp/issues/7638), and such an address for a receipt, too
(https://github.com/mage2pro/stripe/issues/72).
"""

from __future__ import annotations

import re

from local.stripe.engine.errors import invalid_request

_ADDRESS = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)+")
_LONGEST = 512


def check_address(email: str | None, param: str) -> None:
    """Refuse what is no address; none at all is none to refuse."""
    if email and (len(email) > _LONGEST or not _ADDRESS.fullmatch(email)):
        raise invalid_request(f"Invalid email address: {email}", param=param, code="email_invalid")
