"""Ports: check that the wanted ones are free, or pick free ones."""

import socket
from dataclasses import asdict, fields

from local.run_config import Ports
from local.supervisor.errors import StartError

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


def free_ports() -> Ports:
    """Ports nobody listens on; all are held until the last is chosen, so that they differ."""
    sockets = [socket.socket() for _ in fields(Ports)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return Ports(*(each.getsockname()[1] for each in sockets))
    finally:
        for each in sockets:
            each.close()


def answers(port: int) -> bool:
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def require_free(ports: Ports) -> None:
    """Raise StartError naming the first port that is in use and the setting that changes it."""
    for name, port in asdict(ports).items():
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
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
