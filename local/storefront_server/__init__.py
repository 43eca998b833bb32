"""Serves the storefront's pages, the issuer and the team's own backend, from one address."""
