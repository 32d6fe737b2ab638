"""A real process, as it is started in earnest, tells its spans to a collector over OTLP, the last ones as it stops."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from deploy.embedded.processes import free_port
from tests.support.collector import Collector, running_collector

pytestmark = pytest.mark.timeout(300)

ROOT = Path(__file__).parents[2]
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
_PATIENCE_SECONDS = 200


@pytest.fixture
def collector() -> Iterator[Collector]:
    with running_collector() as collector:
        yield collector


@dataclass
class Web:
    """Booking's web process, without a database."""

    process: subprocess.Popen[bytes]
    url: str

    def ask(self) -> None:
        """Ask for what there is not, as soon as the process answers."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        headers = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
        with httpx.Client(base_url=self.url, headers=headers, trust_env=False, timeout=30) as client:
            while not self._answers(client):
                assert self.process.poll() is None
                assert time.monotonic() < deadline
                time.sleep(0.2)

    def _answers(self, client: httpx.Client) -> bool:
        """Whether it is this process that answers: until it listens, the port may be somebody else's."""
        try:
            answer = client.get("/booking/api/v1/nothing")
        except httpx.TransportError:
            return False
        return answer.status_code == 404 and answer.json()["instance"].startswith("urn:kurslots:")

    def stop(self) -> float:
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(_PATIENCE_SECONDS)
        return time.monotonic() - began


def a_web(endpoint: str, log: Path) -> Web:
    port = free_port()
    environment = os.environ | {
        "KURSLOTS_MODE": "embedded",
        "BOOKING_DATABASE_URL": f"postgresql+asyncpg://nobody:x@127.0.0.1:{free_port()}/nothing",
        "BOOKING_SECRET": "sample-secret",
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
    }
    command = [sys.executable, "-m", "services.booking", "web", "--port", str(port)]
    with log.open("wb") as output:
        process = subprocess.Popen(command, env=environment, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT)
    return Web(process, f"http://127.0.0.1:{port}")


def test_a_process_tells_its_spans_and_the_last_before_it_ends(collector: Collector, tmp_path: Path) -> None:
    web = a_web(collector.url, tmp_path / "log")
    try:
        web.ask()
        web.stop()
    finally:
        web.process.kill()
        web.process.wait()
    told = [(each.process, each.name, each.trace_id) for each in collector.spans]
    assert ("booking-web", "GET other", TRACE) in told
    assert f'"trace_id": "{TRACE}"' in (tmp_path / "log").read_text()


def test_a_collector_that_is_away_keeps_nobody_waiting(tmp_path: Path) -> None:
    web = a_web(f"http://127.0.0.1:{free_port()}", tmp_path / "log")
    try:
        web.ask()
        assert web.stop() < 15
    finally:
        web.process.kill()
        web.process.wait()
