"""Where adapters are built, and the only place: one module for each function, so that it imports only what it uses."""
