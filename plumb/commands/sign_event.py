"""`plumb event sign`: a delivery of the webhook for `sam local invoke`, signed at this moment."""

import json
import re
import sys
import time
from pathlib import Path

import click

from billing.domain.ids import EVENT_ID
from plumb.cli import OK, operator_command
from plumb.errors import NotConfirmed, PlumbError
from plumb.given import json_of, unreadable
from plumb.invocation import Invocation
from plumb.signed_delivery import delivery_of, is_live, signed
from plumb.signing_store import SigningStore, check_secret

_TYPE = re.compile(r"[a-z0-9_]+(\.[a-z0-9_]+)+", re.ASCII)
"""https://docs.stripe.com/api/events/types"""


@operator_command("sign")
@click.argument("what")
@click.option(
    "--secret",
    envvar="PLUMB_SIGNING_SECRET",
    help="Sign with this secret instead of the stage's (or PLUMB_SIGNING_SECRET, which no list of processes shows).",
)
def sign(invocation: Invocation, what: str, secret: str | None) -> int:
    """Write the delivery WHAT as API Gateway hands it to the webhook's function, signed at this moment.

    WHAT is a file of events/webhook, a file with an event of Stripe's, - for standard input, the id of an event, or a
    type of events: then it is the newest that Stripe has. The function refuses it after five minutes, as it would
    Stripe's. In live mode it asks: whoever has the output can deliver it until then.

    \b
    Examples:
      plumb event sign events/webhook/unsigned.json | sam local invoke WebhookFunction -e -
      plumb event sign checkout.session.completed
      plumb event sign evt_1QX2 --stage dev
    """
    given = _read(invocation, what)
    delivery = delivery_of(given)
    if secret is None:
        if invocation.site.live:
            invocation.must_confirm("Sign an event with the live signing secret?")
            invocation.out.note(f"Signed with the live signing secret of {invocation.site.stage}: keep it to yourself.")
        secret = _secret_of(invocation)
    elif is_live(delivery) and not invocation.options.yes:
        raise NotConfirmed("This event is of live mode, and so may the secret be that was given: pass --yes.")
    check_secret(secret)
    # The real time, also where a test clock is ahead: the function in its container knows none.
    click.echo(json.dumps(signed(delivery, secret, int(time.time())), indent=2))
    return OK


def _read(invocation: Invocation, what: str) -> object:
    if EVENT_ID.fullmatch(what) or (_TYPE.fullmatch(what) and not Path(what).exists()):
        return _at_stripe(invocation, what)
    named = "Standard input" if what == "-" else what
    try:
        text = sys.stdin.read() if what == "-" else Path(what).read_text()
    except OSError as exc:
        raise unreadable(what, exc) from exc
    except UnicodeDecodeError as exc:
        raise PlumbError(f"{named} holds no JSON.") from exc
    return json_of(text, named)


def _at_stripe(invocation: Invocation, what: str) -> object:
    """Return an event by its id, or the newest of a type: Stripe lists newest first, of the last 30 days.

    https://docs.stripe.com/api/events/list
    """
    events = invocation.world.stripe.v1.events
    if EVENT_ID.fullmatch(what):
        found = events.retrieve(what)
    else:
        newest = events.list({"type": what, "limit": 1}).data
        if not newest:
            raise PlumbError(f"Stripe has no event of type {what} from the last 30 days, and there is no such file.")
        (found,) = newest
    return found.to_dict(for_json=True)  # as Stripe sent it: the SDK makes numbers of texts such as unit_amount_decimal


def _secret_of(invocation: Invocation) -> str:
    world = invocation.world
    secrets = SigningStore(world.aws("secretsmanager"), world.webhook_secret).read()
    if not secrets:
        raise PlumbError(f"{world.webhook_secret} has no signing secret: plumb doctor says more.")
    return secrets[0]
