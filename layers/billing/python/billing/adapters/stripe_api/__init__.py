"""Stripe through its official SDK: the API version that the SDK pins, objects turned into ours at the boundary."""
