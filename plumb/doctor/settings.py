"""Settings and secrets: what each function would say at its start, before one has to start to say it."""

from collections.abc import Callable, Iterator, Mapping

from billing.adapters.secrets_manager import secret_text
from billing.config.account import account_settings
from billing.config.catch_up import catch_up_settings
from billing.config.checkout import checkout_settings
from billing.config.consumer import consumer_settings
from billing.config.converge import success_settings
from billing.config.credits import credits_settings
from billing.config.subscriptions import subscription_settings
from billing.config.webhook import webhook_settings
from billing.errors import BillingError, Misconfigured
from billing.services.accept_event import signing_secrets
from plumb.doctor.finding import Finding, fail, ok, warn
from plumb.reasons import sentence
from plumb.world import World

READERS: Mapping[str, Callable[[Mapping[str, str]], object]] = {
    "WebhookFunction": webhook_settings,
    "EventConsumerFunction": consumer_settings,
    "CreateCheckoutFunction": checkout_settings,
    "SuccessSyncFunction": success_settings,
    "AccountFunction": account_settings,
    "SubscriptionsFunction": subscription_settings,
    "CreditsFunction": credits_settings,
    "ReconcileFunction": credits_settings,
    "CatchUpFunction": catch_up_settings,
    "LedgerWatchFunction": dict,  # it has none of its own
}
_DEPLOY = "Correct the parameter of template.yaml that it comes from, and deploy again."


def settings(world: World) -> Iterator[Finding]:
    """Each function's settings, by its own reader; and that all functions are of one installation."""
    functions = world.site.functions
    for function, read in READERS.items():
        if function not in functions:
            yield fail("settings", f"There is no {function}.", "Deploy template.yaml as it is in this release.")
            continue
        try:
            read(functions[function])
        except Misconfigured as exc:
            yield fail("settings", f"{function}: {exc.message}.", _DEPLOY)
        else:
            yield ok("settings", f"{function}: every setting is there and well-formed.")
    for name in world.site.conflicts():
        yield fail("settings", f"Functions have different values of {name}.", _DEPLOY)


def secrets(world: World) -> Iterator[Finding]:
    """The secrets are there and have their fields. Their contents are never shown."""
    site = world.site
    stored = "See docs/deploying.md, step 2, for its form: aws secretsmanager put-secret-value --secret-id"
    named = [(name, ("key",)) for name in site.values_of("STRIPE_API_KEY_SECRET")]
    for name, fields in (*named, (site.environment.get("UPSTASH_SECRET", ""), ("url", "token"))):
        try:
            for field in fields:
                secret_text(world.secrets, name, field)
        except BillingError as exc:
            yield fail("secrets", sentence(exc.message), f"{stored} {name}")
        else:
            yield ok("secrets", f"{name} has {' and '.join(fields)}.")
    name = site.environment.get("STRIPE_WEBHOOK_SECRET", "")
    try:
        found = len(signing_secrets(world.secrets, name).values)
    except BillingError as exc:
        yield fail("secrets", sentence(exc.message), "plumb webhook setup --store-secret --yes")
        return
    if found > 2:
        yield warn("secrets", f"{name} has {found} signing secrets: each is tried.", f"Keep the live ones only: {name}")
    else:
        rolling = "" if found == 1 else ", as during a rotation"
        yield ok("secrets", f"{name} has {found} signing secret{'s' if found > 1 else ''}{rolling}.")
