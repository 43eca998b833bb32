import pytest
import stripe

from local.stripe.signing import signature_header

BODY = '{"object": "event", "ü": 1}'.encode()


@pytest.mark.parametrize("secret", ["whsec_new", "whsec_old"])
def test_every_active_secret_verifies_with_the_official_sdk(secret):
    header = signature_header(BODY, ["whsec_new", "whsec_old"], 1_795_000_000)
    assert stripe.WebhookSignature.verify_header(BODY.decode(), header, secret, tolerance=None)


def test_another_secret_or_body_does_not():
    header = signature_header(BODY, ["whsec_new"], 1_795_000_000)
    for body, secret in ((BODY.decode() + " ", "whsec_new"), (BODY.decode(), "whsec_other")):
        with pytest.raises(stripe.SignatureVerificationError):
            stripe.WebhookSignature.verify_header(body, header, secret, tolerance=None)
