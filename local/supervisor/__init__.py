"""Starts the parts side by side, waits until they are ready, restarts what dies, stops everything."""

from local.supervisor.errors import StartError
from local.supervisor.supervisor import Supervisor

__all__ = ["StartError", "Supervisor"]
