"""Nobody writes while tables are put back: all functions but the webhook stand still, and what it queues waits.

A function without concurrency is refused to everybody who would start it. Its event source is switched off first: it
would receive the messages and give them back, and after 50 times they are dead letters.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plumb.errors import PlumbError
from plumb.site import Site

_GOES_ON = "WebhookFunction"


def pause(site: Site) -> Iterator[str]:
    """Stop them; the name of each that was stopped."""
    client = _functions(site)
    for name in _writers(site):
        for mapping in client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
        client.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
        yield name


def resume(site: Site) -> Iterator[str]:
    """Let them go on, each with the account's concurrency, as the template has it."""
    client = _functions(site)
    for name in _writers(site):
        client.delete_function_concurrency(FunctionName=name)
        for mapping in client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"]:
            client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)
        yield name


def must_be_paused(site: Site) -> None:
    """Raise PlumbError where a function could write. The local system has no such switch: there, nobody may use it."""
    if site.local:
        return
    client = _functions(site)
    for name in _writers(site):
        if client.get_function_concurrency(FunctionName=name).get("ReservedConcurrentExecutions") != 0:
            raise PlumbError(f"{name} may still write: plumb restore pause, first.")


def _writers(site: Site) -> list[str]:
    return sorted(name for logical_id, name in site.names.items() if logical_id != _GOES_ON)


def _functions(site: Site) -> Any:
    if site.local:
        raise PlumbError("The local system can't be paused: nobody else uses it.")
    return site.client("lambda")
