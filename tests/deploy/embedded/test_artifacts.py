"""The lock of Java archives: complete, without addresses, and obeyed."""

import hashlib
import platform
import re
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.embedded import artifacts
from deploy.embedded.artifacts import ArtifactError, fetch, locked, postgres_coordinate

COORDINATE = "example:lib:1.0"


def _quiet(_: str) -> None:
    pass


def test_the_lock_names_the_pinned_versions_for_every_platform() -> None:
    assert artifacts.KAFKA in locked("kafka")
    assert artifacts.KAFKA_LOGGING in locked("kafka")
    assert set(locked("keycloak")) == {artifacts.KEYCLOAK}
    assert set(locked("postgres")) == {postgres_coordinate(name) for name in artifacts.POSTGRES_PLATFORMS}


def test_the_lock_has_a_sum_for_each_archive_and_no_address() -> None:
    for section in ("kafka", "keycloak", "postgres", "validator"):
        assert all(re.fullmatch(r"[0-9a-f]{64}", found) for found in locked(section).values())
        assert all(re.fullmatch(r"[\w.-]+:[\w.-]+(:zip)?:\d[\w.-]*", coordinate) for coordinate in locked(section))
    assert "//" not in artifacts.LOCK_FILE.read_text()


def _archive(root: Path, content: bytes) -> Path:
    path = root / "example" / "lib" / "1.0" / "lib-1.0.jar"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty cache, and a repository on loopback that has one archive and that jgo's own configuration names."""
    repository = tmp_path / "repository"
    archive = _archive(repository, b"sound")
    archive.with_suffix(".jar.sha1").write_text(hashlib.sha1(b"sound", usedforsecurity=False).hexdigest())
    with ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietFiles, directory=str(repository))) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        config = tmp_path / "jgo.conf"
        config.write_text(f"[repositories]\ncentral = http://127.0.0.1:{server.server_port}\n")
        monkeypatch.setenv("JGO_CONFIG_FILE", str(config))
        monkeypatch.setenv("M2_REPO", str(tmp_path / "cache"))
        yield tmp_path / "cache"
        server.shutdown()
        thread.join()


class _QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


def test_a_damaged_archive_in_the_cache_is_fetched_again(cache: Path) -> None:
    damaged = _archive(cache, b"soun")
    assert fetch({COORDINATE: hashlib.sha256(b"sound").hexdigest()}, _quiet) == [damaged]
    assert damaged.read_bytes() == b"sound"


def test_an_archive_with_another_sum_is_refused_and_not_kept(cache: Path) -> None:
    with pytest.raises(ArtifactError, match="another file than the one that was locked"):
        fetch({COORDINATE: "0" * 64}, _quiet)
    assert not list(cache.rglob("*.jar"))


def test_a_platform_without_an_archive_is_told_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(ArtifactError, match="BOOKING_DATABASE_URL"):
        artifacts.this_platform()
