"""The helper process as it is started in earnest: small, quick to stop, and whole again after it was killed."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import psutil
import pytest
import typer
from typer.testing import CliRunner

from deploy.commands.token import token

MOST_MEGABYTES = 90
READY_SECONDS = 20


def a_free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def command(home: Path, *, port: int, host: str = "127.0.0.1") -> list[str]:
    return [
        *(sys.executable, "-m", "deploy.embedded.origin", "--host", host, "--port", str(port)),
        *("--smtp-port", str(a_free_port()), "--routes", str(home / "routes.json"), "--home", str(home)),
    ]


@contextmanager
def running(home: Path, *, port: int) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    environment = {**os.environ, "SMS_USER": "sample", "SMS_PASSWORD": "sample"}
    process = subprocess.Popen(command(home, port=port), env=environment)
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + READY_SECONDS
        while not answers(url):
            assert process.poll() is None
            assert time.monotonic() < deadline, "the origin did not answer in time"
            time.sleep(0.05)
        yield process, url
    finally:
        process.kill()
        process.wait()


def answers(url: str) -> bool:
    try:
        httpx.get(f"{url}/issuer/people", trust_env=False)
    except httpx.TransportError:
        return False
    return True


def a_token(url: str, person: str) -> tuple[int, str]:
    app = typer.Typer()
    app.command()(token)
    result = CliRunner().invoke(app, [person, "--origin", url, "--minutes", "5"])
    return result.exit_code, result.output


def test_it_is_small_gives_tokens_and_stops_when_told(tmp_path: Path) -> None:
    with running(tmp_path, port=a_free_port()) as (process, url):
        with httpx.Client(base_url=url, trust_env=False) as client:
            for path in ("/", "/sent", "/health", "/booking/x") * 20:
                client.get(path)
        code, text = a_token(url, "contact.falun")
        assert code == 0
        assert text.count(".") == 2
        code, text = a_token(url, "nobody")
        assert code == 1
        assert "contact.falun" in text
        assert psutil.Process(process.pid).memory_info().rss < MOST_MEGABYTES * 1024 * 1024
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) in {0, -signal.SIGTERM}


def test_it_comes_back_after_it_was_killed(tmp_path: Path) -> None:
    port = a_free_port()
    keys: list[object] = []
    for _ in range(2):
        with running(tmp_path, port=port) as (process, url):
            keys.append(httpx.get(f"{url}/issuer/.well-known/jwks.json", trust_env=False).json())
            process.kill()
            process.wait()
    assert keys[0] == keys[1]


@pytest.mark.parametrize(
    ("host", "environment", "words"),
    [
        ("0.0.0.0", {"SMS_USER": "a", "SMS_PASSWORD": "b"}, "not on loopback"),
        ("127.0.0.1", {"SMS_USER": "a"}, "set SMS_PASSWORD"),
    ],
)
def test_it_does_not_start_where_it_would_be_open_to_others(
    host: str, environment: dict[str, str], words: str, tmp_path: Path
) -> None:
    known = {name: value for name, value in os.environ.items() if not name.startswith("SMS_")}
    ended = subprocess.run(
        command(tmp_path, port=a_free_port(), host=host),
        env={**known, **environment},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert ended.returncode == 2
    assert words in ended.stderr
