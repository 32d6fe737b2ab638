"""What a start was told is remembered, so that a command in another shell reaches the same parts."""

import json
from pathlib import Path

from deploy.embedded.environment import PASSED_ON, Ports, running_environment
from deploy.embedded.home import Home
from deploy.embedded.screen import Screen
from deploy.embedded.up import System

SECURED = {
    "KAFKA_BOOTSTRAP": "kafka.example:9093",
    "KAFKA_SECURITY": "sasl_tls",
    "KAFKA_ADMIN_USER": "operator",
    "BOOKING_KAFKA_PASSWORD": "of-booking",
}


def test_how_somebody_elses_kafka_is_reached_is_remembered(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.make()
    system = System(home, 8000, {**SECURED, "SOMETHING_ELSE": "x"}, Screen())
    assert system._given == SECURED
    home.write_running({"origin": system.origin, "ports": Ports.choose(home).as_dict(), "given": system._given})
    found = running_environment(home, {})
    assert {name: found[name] for name in SECURED} == SECURED
    assert "SOMETHING_ELSE" not in found
    assert json.dumps(SECURED["BOOKING_KAFKA_PASSWORD"]) in (home.folder / "running.json").read_text()


def test_the_embedded_kafka_is_reached_as_it_always_was(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.make()
    home.write_running({"origin": "http://127.0.0.1:8000", "ports": Ports.choose(home).as_dict(), "given": {}})
    assert not set(PASSED_ON) & set(running_environment(home, {}))
