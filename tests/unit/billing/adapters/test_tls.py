"""Over TLS, as all of it goes once deployed: who can't prove a name is told nothing, and time counts as without."""

from __future__ import annotations

import ssl
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from billing.adapters.aws_client import dynamodb_client, secrets_client, sqs_client
from billing.adapters.stripe_api.client import stripe_client
from billing.adapters.upstash_client import open_redis
from billing.config import StripeAccess
from tests.fakes.world import FakeMetrics
from tests.unit.billing.adapters.http_servers import TOKEN, answer, bad_server
from tests.unit.billing.adapters.test_upstash_endless import body_without_end, callers, ended
from tests.unit.billing.adapters.test_upstash_failures import EVENT, caching


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of 127.0.0.1, with its key: signed by itself, so that nobody vouches for it but who is told to."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    day = timedelta(days=1)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(datetime.now(UTC) - day)
        .not_valid_after(datetime.now(UTC) + day)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path = tmp_path_factory.mktemp("tls") / "certificate.pem"
    path.write_bytes(private + made.public_bytes(pem))
    return path


@pytest.fixture(scope="module")
def tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def asks_stripe(url: str, metrics: FakeMetrics | None) -> object:
    access = StripeAccess(api_base=url, key_secret="key", livemode=False, account=None)
    return stripe_client(access, "sk_test_key", metrics).v1.customers.retrieve("cus_1")


ASKING: dict[str, Callable[[str], object]] = {
    "DynamoDB": lambda _: dynamodb_client().get_item(TableName="accounts", Key={"pk": {"S": "ACCOUNT#alice"}}),
    "Secrets Manager": lambda _: secrets_client().get_secret_value(SecretId="key"),
    "SQS": lambda url: sqs_client().send_message(QueueUrl=f"{url}/1/events", MessageBody="{}"),
    "Stripe, by a function": lambda url: asks_stripe(url, FakeMetrics()),
    "Stripe, by plumb": lambda url: asks_stripe(url, None),
    "Upstash": lambda url: open_redis(url, TOKEN, 5).get("mark"),
}


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")  # whose text would be taken for a refusal
@pytest.mark.parametrize("ask", ASKING.values(), ids=ASKING.keys())
def test_who_shows_a_certificate_that_nobody_vouches_for_is_told_nothing(
    ask: Callable[[str], object], tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S21: no key, no token and no body reaches one who stands between."""
    with bad_server(answer("{}"), tls) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        with pytest.raises(Exception, match=r"(?i)certificate"):
            ask(server.url)
        assert server.received == []


@pytest.fixture
def vouched(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))


@pytest.mark.usefixtures("vouched")
def test_upstash_answers_over_tls(tls: ssl.SSLContext) -> None:
    with bad_server(answer('{"result": "evt_1"}'), tls) as server, caching(server.url) as (cache, _, _):
        assert cache.is_done(EVENT)


@pytest.mark.usefixtures("vouched")
def test_an_answer_without_end_over_tls_leaves_no_thread(tls: ssl.SSLContext) -> None:
    """F20."""
    before = callers()
    with bad_server(body_without_end, tls) as server, caching(server.url, 0.5) as (cache, _, _):
        assert not cache.is_done(EVENT)
        assert len(server.received) == 1
        assert ended(before)
