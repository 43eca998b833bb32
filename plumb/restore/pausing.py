"""Nobody writes while tables are put back: all functions that could stand still, and what the webhook queues waits.

A function without concurrency is refused to everybody who would start it
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html). An event source is switched off as well:
it would receive the messages and give them back, and after 50 times they are dead letters.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from plumb.errors import PlumbError
from plumb.output import moment
from plumb.site import Site

_GO_ON = ("WebhookFunction", "LedgerWatchFunction")
"""The one queues what Stripe delivers, the other tells whoever rewrites the ledger. Neither writes to a table."""
_MARGIN = timedelta(minutes=1)
"""Between a switch and its effect, and between Lambda's clock and ours."""


def pause(site: Site) -> Iterator[str]:
    """Stop them; the name of each that was stopped.

    Those with an event source are the last, for that has a time: from when it was off, all others were stopped, too.
    """
    client = _functions(site)
    sources = {name: _sources(client, name) for name in _writers(site)}
    for name in sorted(sources, key=lambda name: bool(sources[name])):
        for mapping in sources[name]:
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        yield name


def resume(site: Site) -> Iterator[str]:
    """Let them go on as their names are asked for, each with the account's concurrency, as the template has it."""
    client = _functions(site)
    return (_resumed(client, name) for name in _writers(site))


def _resumed(client: Any, name: str) -> str:
    client.delete_function_concurrency(FunctionName=name)
    for mapping in _sources(client, name):
        client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
    return name


def longest(site: Site) -> timedelta:
    """So long after the pause an invocation that had begun may still write."""
    client = _functions(site)
    timeouts = [client.get_function_configuration(FunctionName=name)["Timeout"] for name in _writers(site)]
    return timedelta(seconds=max(timeouts)) + _MARGIN


def must_be_paused(site: Site, now: datetime) -> None:
    """Raise PlumbError where a function could write: one that may begin, or one that may not have ended yet.

    The local system has no such switch: there, nobody may use it.
    """
    if site.local:
        return
    client = _functions(site)
    off: list[datetime] = []
    for name in _writers(site):
        if client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions") != 0:
            raise PlumbError(f"{name} may still write: plumb restore pause, first.")
        off += [_off_since(name, mapping) for mapping in _sources(client, name)]
    if not off:
        raise PlumbError("No function has an event source, which tells since when all stand still: deploy the stack.")
    over = max(off) + longest(site)
    if now < over:
        raise PlumbError(f"An invocation that had begun may still write: wait until {moment(over)}.")


def _off_since(name: str, mapping: Mapping[str, Any]) -> datetime:
    """When it was switched off: "last updated or that its state changed"
    (https://docs.aws.amazon.com/lambda/latest/api/API_EventSourceMappingConfiguration.html).
    """
    if mapping["State"] == "Disabling":
        raise PlumbError(f"{name} still lets go of its event source: wait a minute.")
    if mapping["State"] != "Disabled":
        raise PlumbError(f"{name} still has its event source ({mapping['State']}): plumb restore pause, first.")
    since: datetime = mapping["LastModified"]
    return since.astimezone(UTC)


def _writers(site: Site) -> list[str]:
    return sorted(name for logical_id, name in site.names.items() if logical_id not in _GO_ON)


def _sources(client: Any, name: str) -> list[dict[str, Any]]:
    """By the name inside their ARN: they start an alias of the function, and Lambda lists by what they start."""
    pages = client.get_paginator("list_event_source_mappings").paginate()
    mappings = [mapping for page in pages for mapping in page["EventSourceMappings"]]
    return [mapping for mapping in mappings if mapping["FunctionArn"].split(":")[6] == name]


def _functions(site: Site) -> Any:
    if site.local:
        raise PlumbError("The local system can't be paused: nobody else uses it.")
    return site.client("lambda")
