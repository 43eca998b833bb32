"""Serves the storefront's pages and the issuer, from one address."""
