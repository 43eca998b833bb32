"""Ports: check that the wanted ones are free, or pick free ones."""

import secrets
import socket
from dataclasses import asdict, fields

from local.errors import StartError
from local.run_config import Ports

VARIABLES = {
    "storefront": "PLUMBLINE_STOREFRONT_PORT",
    "api": "PLUMBLINE_API_PORT",
    "stripe": "PLUMBLINE_STRIPE_PORT",
    "upstash": "PLUMBLINE_UPSTASH_PORT",
    "dynamodb": "PLUMBLINE_AWS_PORT",
    "sqs": "PLUMBLINE_AWS_PORT",
    "lambda_service": "PLUMBLINE_AWS_PORT",
    "pipes": "PLUMBLINE_AWS_PORT",
}
AWS_PARTS = ("dynamodb", "sqs", "lambda_service", "pipes")
"""In the order of their ports, from PLUMBLINE_AWS_PORT on."""


BELOW_CONNECTIONS = range(20_000, 32_000)
"""Ports that no connection takes by itself: Linux gives those from 32,768 on, macOS and others from 49,152 on.

https://www.kernel.org/doc/html/latest/networking/ip-sysctl.html (ip_local_port_range),
https://datatracker.ietf.org/doc/html/rfc6335#section-6
"""


def free_ports() -> Ports:
    """Ports in a row that nobody listens on, in the order of the fields of Ports.

    Raises StartError if a hundred places are taken.
    """
    count = len(fields(Ports))
    for _ in range(100):
        row = range(first := secrets.choice(BELOW_CONNECTIONS[::count]), first + count)
        if all(map(_is_free, row)):
            return Ports(*row)
    raise StartError(f"No {count} free ports in a row from {BELOW_CONNECTIONS.start} to {BELOW_CONNECTIONS.stop}.")


def _is_free(port: int) -> bool:
    try:
        _bind(port)
    except OSError:
        return False
    return True


def _bind(port: int) -> None:
    """Take the port, as a server does, and leave it. Raises OSError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def require_free(ports: Ports) -> None:
    """Raise StartError naming the first port that is in use and the setting that changes it."""
    for name, port in asdict(ports).items():
        try:
            _bind(port)
        except OSError as exc:
            label = name.replace("_", " ")
            raise StartError(
                f"Port {port} ({label}) cannot be used ({exc.strerror}): "
                f"stop what listens there, or set {VARIABLES[name]}."
            ) from exc


def require_own(address: str) -> None:
    """Raise StartError for an address that is none of this machine's: Docker's bridge is there while Docker runs."""
    with socket.socket() as probe:
        try:
            probe.bind((address, 0))
        except OSError as exc:
            raise StartError(f"{address} is no address of this machine ({exc.strerror}): is Docker running?") from exc
