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
