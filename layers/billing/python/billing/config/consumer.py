"""Settings of event_consumer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from billing.config import QUEUE
from billing.config.converge import ConvergeSettings, converge_of
from billing.config.environment import Environment


@dataclass(frozen=True, slots=True)
class ConsumerSettings:
    """Of the queue's consumer."""

    converge: ConvergeSettings
    queue_url: str
    park_foreign: bool
    """Whether events of customers that nobody owns are kept until somebody does, or are taken for another app's."""


def consumer_settings(environ: Mapping[str, str] | None = None) -> ConsumerSettings:
    """Settings of event_consumer; raises Misconfigured."""
    env = Environment(environ)
    return ConsumerSettings(
        converge=converge_of(env),
        queue_url=queue_url(environ),
        park_foreign=env.text("UNKNOWN_CUSTOMERS", pattern=r"park|ignore") == "park",
    )


def queue_url(environ: Mapping[str, str] | None = None) -> str:
    """The queue alone, which is needed where another setting is wrong, too; raises Misconfigured."""
    return Environment(environ).text("EVENTS_QUEUE_URL", pattern=QUEUE)
