"""Customers, how they pay, and what they are entitled to."""
