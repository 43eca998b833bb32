"""Purchases through the whole system. A package, so that its fixtures can end with it."""
