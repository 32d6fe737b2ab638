"""Secrets come from outside, and samples are taken on one's own machine only."""

import base64
from typing import ClassVar

import pytest
from pydantic import ValidationError

from shared.settings import ServiceSettings


class DemoSettings(ServiceSettings):
    SERVICE: ClassVar[str] = "demo"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    monkeypatch.setenv("DEMO_DATABASE_URL", "postgresql://demo@127.0.0.1/demo")
    monkeypatch.setenv("DEMO_SECRET", base64.b64encode(b"k" * 32).decode())
    monkeypatch.setenv("KURSLOTS_MODE", "production")
    return monkeypatch


def test_a_service_reads_its_own_names(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("KAFKA_BOOTSTRAP", "127.0.0.1:19092")
    environment.setenv("NAMESPACE", "blue")
    settings = DemoSettings()
    assert settings.secret_key == b"k" * 32
    assert settings.kafka_bootstrap == "127.0.0.1:19092"
    assert settings.topic("booking.runs") == "blue.booking.runs"


def test_a_sample_secret_starts_the_embedded_system_only(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DEMO_SECRET", "sample-secret")
    with pytest.raises(ValidationError, match="DEMO_SECRET"):
        DemoSettings()
    environment.setenv("KURSLOTS_MODE", "embedded")
    assert len(DemoSettings().secret_key) == 32


def test_an_error_in_the_settings_does_not_show_the_secrets(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("RELAY_SHARDS", "0")
    with pytest.raises(ValidationError) as caught:
        DemoSettings()
    assert base64.b64encode(b"k" * 32).decode() not in str(caught.value)


@pytest.mark.parametrize("secret", ["not base64!", base64.b64encode(b"short").decode()])
def test_a_key_of_another_form_is_refused(environment: pytest.MonkeyPatch, secret: str) -> None:
    environment.setenv("DEMO_SECRET", secret)
    with pytest.raises(ValueError, match="DEMO_SECRET"):
        _ = DemoSettings().secret_key


AWAY = "postgresql://demo:pw@db.example:5432/demo"


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({"DEMO_KAFKA_USER": "demo"}, "DEMO_KAFKA_USER and DEMO_KAFKA_PASSWORD go together"),
        ({"DEMO_KAFKA_PASSWORD": "pw"}, "DEMO_KAFKA_USER and DEMO_KAFKA_PASSWORD go together"),
        ({"KAFKA_ADMIN_USER": "root"}, "KAFKA_ADMIN_USER and KAFKA_ADMIN_PASSWORD go together"),
        ({"DEMO_KAFKA_USER": "demo", "DEMO_KAFKA_PASSWORD": "pw"}, "KAFKA_SECURITY=sasl_tls only"),
        ({"KAFKA_SECURITY": "tls", "DEMO_KAFKA_USER": "demo", "DEMO_KAFKA_PASSWORD": "pw"}, "sasl_tls only"),
        ({"KAFKA_SECURITY": "sasl_plaintext"}, "'plaintext', 'tls' or 'sasl_tls'"),
        ({"KAFKA_CA_FILE": "ca.pem"}, "KAFKA_CA_FILE"),
        ({"KAFKA_SECURITY": "tls", "KAFKA_CERTIFICATE_FILE": "c.pem"}, "KAFKA_CERTIFICATE_FILE and KAFKA_KEY_FILE"),
        ({"KAFKA_SECURITY": "tls", "KAFKA_KEY_FILE": "k.pem"}, "KAFKA_CERTIFICATE_FILE and KAFKA_KEY_FILE"),
        ({"KAFKA_BOOTSTRAP": "127.0.0.1:9092,kafka.example:9092"}, "KAFKA_BOOTSTRAP names another machine"),
        ({"DEMO_DATABASE_URL": AWAY}, "DEMO_DATABASE_URL names another machine"),
        ({"DEMO_DATABASE_URL": f"{AWAY}?sslmode=require"}, "DEMO_DATABASE_URL names another machine"),
        (
            {"DEMO_KAFKA_USER": "demo", "DEMO_KAFKA_PASSWORD": "sample-pw", "KAFKA_SECURITY": "sasl_tls"},
            "DEMO_KAFKA_PASSWORD to a secret of your own",
        ),
    ],
    ids=lambda value: "+".join(value) if isinstance(value, dict) else "",
)
def test_what_would_protect_nothing_or_by_half_is_refused(
    environment: pytest.MonkeyPatch, given: dict[str, str], complaint: str
) -> None:
    for name, value in given.items():
        environment.setenv(name, value)
    with pytest.raises(ValidationError, match=complaint) as caught:
        DemoSettings()
    assert "pw" not in str(caught.value)


@pytest.mark.parametrize(
    "given",
    [
        {"KAFKA_BOOTSTRAP": "localhost:9092,[::1]:9092", "DEMO_DATABASE_URL": "postgresql://demo@localhost/demo"},
        {"DEMO_DATABASE_URL": "postgresql:///demo?host=/var/run/postgresql"},
        {"KAFKA_BOOTSTRAP": "kafka.example:9092", "KAFKA_SECURITY": "tls"},
        {"DEMO_DATABASE_URL": f"{AWAY}?sslmode=verify-full"},
        {"KAFKA_BOOTSTRAP": "kafka:9092", "DEMO_DATABASE_URL": AWAY, "KURSLOTS_PLAIN_NETWORK": "trusted"},
        {"KAFKA_BOOTSTRAP": "kafka:9092", "DEMO_DATABASE_URL": AWAY, "KURSLOTS_MODE": "embedded"},
        {"KAFKA_SECURITY": "sasl_tls", "DEMO_KAFKA_USER": "demo", "DEMO_KAFKA_PASSWORD": "pw"},
        {"KAFKA_SECURITY": "sasl_tls", "KAFKA_ADMIN_USER": "root", "KAFKA_ADMIN_PASSWORD": "pw"},
    ],
    ids="+".join,
)
def test_what_is_protected_or_said_to_need_no_protection_is_taken(
    environment: pytest.MonkeyPatch, given: dict[str, str]
) -> None:
    for name, value in given.items():
        environment.setenv(name, value)
    assert DemoSettings().kafka_bootstrap
