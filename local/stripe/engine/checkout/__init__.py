"""Checkout sessions, and what happens behind the hosted page."""
