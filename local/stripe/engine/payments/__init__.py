"""Payment intents, charges and what comes back of them."""
