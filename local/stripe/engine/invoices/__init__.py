"""Invoices: what is in them, when they are made, and what becomes of them."""
