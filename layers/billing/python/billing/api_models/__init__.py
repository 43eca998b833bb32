"""The bodies of the HTTP API, one module for each group of routes: what is accepted and what is answered."""
