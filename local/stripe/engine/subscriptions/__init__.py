"""Subscriptions: their life, their changes, and the customer portal."""
