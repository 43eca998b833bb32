"""An installation: the environments of its functions, and how to reach its AWS."""

from __future__ import annotations

import getpass
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import boto3

_OF_ONE_FUNCTION = ("POWERTOOLS_",)
"""Variables that rightly differ from function to function."""
_OF_WRITERS = {"STRIPE_API_KEY_SECRET": "CreateCheckoutFunction"}
"""Variables of which one function speaks for the command: most functions may have a Stripe key that only reads."""


@dataclass(frozen=True)
class Site:
    """What is known of an installation. Names of secrets only: their contents are read where they are needed."""

    stage: str
    functions: Mapping[str, Mapping[str, str]]
    """The environment of each function, by its logical id in template.yaml: what the functions themselves run with."""
    api_url: str
    """Where the gateway is; the webhook endpoint is this and `/webhooks/stripe`."""
    local: bool
    real_stripe: bool = True
    """False where the local stand-in plays Stripe."""
    aws: Mapping[str, str] = field(default_factory=dict)
    """Variables of botocore's that lead to this installation's AWS: endpoints of the stand-ins, or a region."""
    names: Mapping[str, str] = field(default_factory=dict)
    """The functions' names at AWS by their logical ids; none for the local system, which is reached by logical id."""
    resources: Mapping[str, str] = field(default_factory=dict)
    """What `Ref` gives of queues, pipes and the alarms' topic (URL, name, ARN), by logical id; the local system has no
    topic."""
    clock_url: str | None = None
    """Where the local stand-in of Stripe says how far its test clocks are ahead; None is this machine's time."""

    @property
    def environment(self) -> dict[str, str]:
        """All variables of all functions as one. Where they disagree (see `conflicts`) the last function speaks."""
        every = {name: value for environment in self.functions.values() for name, value in environment.items()}
        writers = {name: self.functions.get(function, {}).get(name) for name, function in _OF_WRITERS.items()}
        return every | {name: value for name, value in writers.items() if value is not None}

    def conflicts(self) -> list[str]:
        """The variables that two functions have different values of: two installations in one."""
        values: dict[str, set[str]] = {}
        for environment in self.functions.values():
            for name, value in environment.items():
                values.setdefault(name, set()).add(value)
        differ = (name for name, found in values.items() if len(found) > 1 and name not in _OF_WRITERS)
        return sorted(name for name in differ if not name.startswith(_OF_ONE_FUNCTION))

    def values_of(self, name: str) -> list[str]:
        """The values that functions have of a variable, each once."""
        return list(dict.fromkeys(each[name] for each in self.functions.values() if name in each))

    @property
    def live(self) -> bool:
        """Whether real money is moved here: what asks before it writes."""
        return self.environment.get("STRIPE_MODE") == "live" or self.stage.startswith("prod")

    @property
    def webhook_urls(self) -> tuple[str, ...]:
        """Where the webhook endpoint may point: the API's own domain, if it has one, or the gateway."""
        origins = (self.environment.get("API_URL", ""), self.api_url)
        return tuple(dict.fromkeys(f"{origin.rstrip('/')}/webhooks/stripe" for origin in origins if origin))

    def client(self, service: str) -> Any:
        """A client of AWS with boto3's own patience: an operator waits longer than a function may.

        Of a session of its own: the default one remembers the region it had when it was first used.
        """
        return boto3.Session().client(service)  # type: ignore[call-overload]  # stubs for three services only

    def caller(self) -> str:
        """Who is calling: the user of this machine, or the identity that AWS knows."""
        if self.local:
            return f"plumb:{getpass.getuser()}"
        arn = str(self.client("sts").get_caller_identity()["Arn"])
        return f"plumb:{arn.rpartition(':')[2]}"
