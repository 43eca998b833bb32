"""Which Stripe.js the pages load, real or stand-in, and what their policy must allow for it.

Stripe.js is served by release, and only from Stripe's own host: https://docs.stripe.com/sdks/stripejs-versioning
The policy: https://docs.stripe.com/security/guide#content-security-policy
"""

from dataclasses import dataclass

from local.run_config import RunConfig

RELEASE = "endive"
"""The release of the API version that the functions pin."""


@dataclass(frozen=True)
class StripeJs:
    script: str
    publishable_key: str
    policy: str


def stripe_js(config: RunConfig) -> StripeJs | None:
    """None without a publishable key: then checkout is hosted only."""
    key = config.publishable_key
    if key is None:
        return None
    if config.stripe_is_stand_in:
        return StripeJs(
            script=f"{config.stripe_url}/{RELEASE}/stripe.js",
            publishable_key=key,
            policy=_policy(config.api_url, scripts=config.stripe_url, frames=config.stripe_url),
        )
    hosts = "https://js.stripe.com https://*.js.stripe.com https://checkout.stripe.com"
    return StripeJs(
        script=f"https://js.stripe.com/{RELEASE}/stripe.js",
        publishable_key=key,
        policy=_policy(
            f"{config.api_url} https://api.stripe.com https://checkout.stripe.com",
            scripts=hosts,
            frames=f"{hosts} https://hooks.stripe.com",
            images="https://*.stripe.com",
        ),
    )


def own_policy(config: RunConfig) -> str:
    """For the pages without Stripe.js: they run only their own scripts and ask only this server and the API."""
    return _policy(config.api_url)


def _policy(connections: str, scripts: str = "", frames: str = "", images: str = "") -> str:
    directives = {
        "default-src": "'self'",
        "connect-src": f"'self' {connections}",
        "script-src": f"'self' {scripts}".rstrip(),
        "frame-src": frames or "'none'",
        "img-src": f"'self' {images}".rstrip(),
        "frame-ancestors": "'none'",
        "base-uri": "'none'",
    }
    return "; ".join(f"{name} {value}" for name, value in directives.items())
