"""One place knows how Kafka is reached; what it is not told, it asks for by name."""

import ssl
from pathlib import Path
from typing import ClassVar

import pytest
from pydantic import SecretStr

from shared.messaging.kafka_connection import ConnectionRefused, KafkaConnection
from shared.settings import KafkaSecurity, ServiceSettings, SharedSettings
from tests.support.certificates import Authority


class DemoSettings(ServiceSettings):
    SERVICE: ClassVar[str] = "demo"


def demo(**given: object) -> DemoSettings:
    return DemoSettings.model_validate(
        {"mode": "embedded", "database_url": "postgresql:///demo", "secret": "sample-secret", **given}
    )


def test_a_service_connects_as_itself_and_an_operators_command_as_the_operator() -> None:
    secured = {"kafka_security": "sasl_tls", "kafka_admin_user": "root", "kafka_admin_password": "r"}
    service = KafkaConnection.of(demo(kafka_user="demo", kafka_password="d", **secured))
    operator = KafkaConnection.of(SharedSettings.model_validate(secured))
    assert (service.user, operator.user) == ("demo", "root")
    assert (service.options()["sasl_plain_password"], operator.options()["sasl_plain_password"]) == ("d", "r")


def test_a_user_that_is_missing_is_asked_for_by_the_name_of_its_setting() -> None:
    with pytest.raises(ConnectionRefused, match="DEMO_KAFKA_USER"):
        KafkaConnection.of(demo(kafka_security="sasl_tls"))
    with pytest.raises(ConnectionRefused, match="KAFKA_ADMIN_USER"):
        KafkaConnection.of(SharedSettings.model_validate({"kafka_security": "sasl_tls"}))


def test_a_file_that_cannot_be_used_is_refused_before_anything_connects(tmp_path: Path) -> None:
    for content in (None, "no certificate"):
        if content:
            (tmp_path / "ca.pem").write_text(content)
        with pytest.raises(ConnectionRefused, match="KAFKA_CA_FILE"):
            KafkaConnection.of(demo(kafka_security="tls", kafka_ca_file=tmp_path / "ca.pem"))


def test_the_brokers_name_is_checked_and_a_certificate_of_our_own_is_shown(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    own = authority.sign("booking")
    connection = KafkaConnection(
        "kafka.example:9093", KafkaSecurity.TLS, authority.ca_file, own.certificate_file, own.key_file
    )
    context = connection.options()["ssl_context"]
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert connection.options()["security_protocol"] == "SSL"
    assert len(context.get_ca_certs()) == 1


def test_a_connection_shows_no_password() -> None:
    connection = KafkaConnection("k:1", KafkaSecurity.SASL_TLS, user="demo", password=SecretStr("of-demo"))
    assert "of-demo" not in f"{connection!r} {connection}"
