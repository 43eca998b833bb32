"""Stripe's objects, rules and events as a pure state machine: no IO, no wall clock, no randomness of its own."""

from local.stripe.engine.engine import Engine, Response

__all__ = ["Engine", "Response"]
