"""template.yaml as the local system reads it, for tests that start nothing of it."""

from __future__ import annotations

from local.configure import CACHE
from local.template import Addresses, Model, load_model
from tests.conftest import REPOSITORY

NOWHERE = "http://127.0.0.1:1"


def modelled(**given: str) -> Model:
    """With these parameters beside those that have no default; nothing is behind its addresses.

    What AWS's translator makes of the template is kept by its content, as for the local system: it takes a second.
    """
    parameters = {"AppUrl": "https://app.example.com", "JwtIssuer": "https://issuer.example.com", **given}
    return load_model(REPOSITORY / "template.yaml", parameters, Addresses(sqs_url=NOWHERE, api_url=NOWHERE), CACHE)
