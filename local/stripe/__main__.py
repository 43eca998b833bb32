"""`python -m local.stripe`: run the stand-in."""

from __future__ import annotations

import logging
from pathlib import Path

import click

from local.clock_file import ClockFile
from local.serve import run
from local.stripe.web.app import build


@click.command(context_settings={"show_default": True})
@click.option("--host", default="127.0.0.1")
@click.option("--port", default=8789, type=click.IntRange(1, 65535))
@click.option("--public-url", default=None, help="Where browsers find it; http://HOST:PORT unless given.")
@click.option("--webhook-url", default=None, help="Registered at the start as an endpoint.")
@click.option("--webhook-events", default="*", help="Event types that the endpoint gets, separated by commas.")
@click.option("--webhook-secret", default=None, help="Its signing secret (whsec_…).")
@click.option("--api-key", default="sk_test_plumbline", help="Any sk_test_… or rk_test_… key is accepted.")
@click.option("--retry-pauses", default="1,2,4,8,15,30,60", help="Seconds between the tries of a delivery.")
@click.option("--delivery-timeout", default=10.0, help="Seconds an endpoint has to answer.")
@click.option(
    "--clock-file", default=None, type=click.Path(path_type=Path), help="Kept at the seconds by which it is ahead."
)
@click.option("--log-level", default="warning")
def main(
    host: str,
    port: int,
    public_url: str | None,
    webhook_url: str | None,
    webhook_events: str,
    webhook_secret: str | None,
    api_key: str,
    retry_pauses: str,
    delivery_timeout: float,
    clock_file: Path | None,
    log_level: str,
) -> None:
    """Run a local stand-in for Stripe: API under /v1, checkout page under /c/pay, control API under /_control."""
    if not api_key.startswith(("sk_test_", "rk_test_")):
        raise click.BadParameter("a test key starts with sk_test_ or rk_test_", param_hint="--api-key")
    if (webhook_url is None) != (webhook_secret is None):
        raise click.UsageError("--webhook-url and --webhook-secret go together")
    try:
        pauses = tuple(float(pause) for pause in retry_pauses.split(",") if pause)
    except ValueError:
        raise click.BadParameter("seconds, separated by commas", param_hint="--retry-pauses") from None
    logging.basicConfig(level=log_level.upper(), format="%(message)s")
    app = build(
        public_url or f"http://{host}:{port}",
        webhook_url,
        webhook_secret,
        events=[name for name in webhook_events.split(",") if name],
        pauses=pauses,
        timeout=delivery_timeout,
        clock_file=None if clock_file is None else ClockFile(clock_file),
    )
    # A stand-in has nothing to finish: a signal ends open connections at once. An idle one is kept for longer than
    # clients keep theirs (httpx: 5 s, as uvicorn by itself), so that none is closed just as it is used again.
    run(
        app,
        host=host,
        port=port,
        log_level=log_level,
        access_log=False,
        timeout_keep_alive=75,
        timeout_graceful_shutdown=1,
        ws="none",
    )


if __name__ == "__main__":
    main()
