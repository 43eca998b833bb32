"""What is taken for an address, a name, a card, a secret or a token, and what only looks like one."""

import pytest

from tests.scenarios.canaries import canaries_in


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ('{"to": "a-pack-is-bought@example.com"}', "an address"),
        ("paid by Ada Canaryname", "a name"),
        ("card 4242424242424242", "a card"),
        ("card 4000 0000 0000 3220.", "a card"),
        ("iban AT321904300235473204", "a card"),
        ("key sk_test_plumbline1", "a secret"),
        ("whsec_0123456789abcdef", "a secret"),
        ("Bearer eyJhbGciOi.eyJzdWIi.c2ln", "a token"),
    ],
)
def test_it_is_seen(text: str, kind: str) -> None:
    assert [found.partition(":")[0] for found in canaries_in(text)] == [kind]


@pytest.mark.parametrize(
    "text",
    [
        '{"WebhookAckTime": [12.4794810061575845]}',
        '{"ConvergeTime": [0.4242424242424242]}',
        "1-67f0c0de-42424242424242424242",
        "cs_test_a1B2c3 evt_4242 example.com",
    ],
)
def test_what_only_looks_like_one(text: str) -> None:
    assert canaries_in(text) == []
