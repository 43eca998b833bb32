"""Starts the parts side by side, waits until they are ready, restarts what dies, stops everything."""

from local.supervisor.supervisor import Supervisor

__all__ = ["Supervisor"]
