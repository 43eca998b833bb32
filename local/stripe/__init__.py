"""A truthful stand-in for Stripe: a pure engine (`engine/`) under an HTTP shell (`web/`). See README.md."""
