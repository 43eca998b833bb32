"""`plumb webhook`: the endpoint at Stripe, and its signing secrets."""

import sys
from dataclasses import asdict

import click

from plumb.cli import OK, Subcommands, operator_command
from plumb.errors import PlumbError
from plumb.invocation import Invocation
from plumb.options import common
from plumb.signing_store import SigningStore
from plumb.webhook_endpoint import our_endpoint
from plumb.webhook_plan import apply, plan
from plumb.world import World


@click.group("webhook", cls=Subcommands)
@common
def command() -> None:
    """The webhook endpoint at Stripe, and its signing secrets."""


@operator_command("setup", command)
@click.option("--store-secret", is_flag=True, help="Put a new endpoint's signing secret into Secrets Manager.")
@click.option("--url", help="Address of the webhook, when it is not {ApiUrl}/webhooks/stripe.")
def setup(invocation: Invocation, store_secret: bool, url: str | None) -> int:
    """Create or mend the endpoint: exactly the handled events, the pinned API version, enabled.

    Shows what it would do, and asks. A new endpoint's signing secret is told by Stripe once: with --store-secret it
    goes in front of the others in the stage's secret, else it stands on the endpoint's page in the dashboard.
    Run twice, the second finds nothing to do.

    \b
    Examples:
      plumb webhook setup --stage dev
      plumb webhook setup --stage prod --store-secret --yes
    """
    out, world = invocation.out, invocation.world
    if world.site.local and world.site.real_stripe:
        raise PlumbError("Real Stripe can't reach this machine: use `stripe listen`, as `make run` says.")
    urls = (url,) if url else world.site.webhook_urls
    found, _ = our_endpoint(world.platform, urls)
    connect = world.settings.stripe.account is not None
    steps = list(plan(found, urls[0], connect))
    answer = {"plan": [asdict(step) for step in steps], "applied": False, "created": [], "secret": world.webhook_secret}
    if not steps:
        out.say("Nothing to do: the endpoint is as it should be.")
        out.document({**answer, "applied": True})
        return OK
    for step in steps:
        out.marked(step.action, f"{step.target}: {step.why}")
    if not invocation.confirm("Do this at Stripe?"):
        out.document(answer)
        return OK
    secrets = apply(world.platform, steps)
    for endpoint, secret in secrets.items():
        _keep(invocation, endpoint, secret, store_secret)
    out.say("Done.")
    out.document({**answer, "applied": True, "created": sorted(secrets), "stored": store_secret and bool(secrets)})
    return OK


def _keep(invocation: Invocation, endpoint: str, secret: str, store: bool) -> None:
    name = invocation.world.webhook_secret
    if store:
        live = _store(invocation.world).add(secret)
        invocation.out.say(
            f"The signing secret of {endpoint} is in {name} ({live} live); functions read it within 5 min."
        )
    else:
        invocation.out.say(
            f"The signing secret of {endpoint} stands on its page in the dashboard. It belongs into {name}:"
        )
        invocation.out.say(f"  plumb webhook roll --stage {invocation.site.stage}")


@operator_command("roll", command)
@click.option("--finish", is_flag=True, help="Drop all but the newest, once Stripe has dropped them too.")
def roll(invocation: Invocation, finish: bool) -> int:
    """Take in a signing secret that was rolled in the dashboard; the old one stays live beside it.

    Reads the new secret from standard input, or asks for it unseen. In the dashboard choose to keep the old one for a
    day: the functions read the new one within five minutes, and try both. After that day, --finish.

    \b
    Examples:
      plumb webhook roll --stage prod
      plumb webhook roll --stage prod --finish
    """
    invocation.must_confirm("Change the live signing secrets?")
    store = _store(invocation.world)
    if finish:
        dropped = store.keep_newest()
        invocation.out.say(f"Dropped {dropped}; the newest is live.")
        invocation.out.document({"secret": store.name, "dropped": dropped, "live": len(store.read())})
        return OK
    asked = sys.stdin.isatty()
    secret = click.prompt("Signing secret", hide_input=True, err=True) if asked else sys.stdin.readline()
    live = store.add(secret.strip())
    invocation.out.say(f"{store.name} has {live} live signing secrets, the new one first.")
    invocation.out.document({"secret": store.name, "live": live})
    return OK


def _store(world: World) -> SigningStore:
    return SigningStore(world.aws("secretsmanager"), world.webhook_secret)
