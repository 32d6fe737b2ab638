"""The pinned Java archives that PostgreSQL and Kafka come in, fetched by jgo and checked against the committed lock.

`artifacts.lock` holds coordinates and SHA-256 sums, never an address: where archives come from is jgo's configuration.
"""

import hashlib
import platform
import sys
import tempfile
import tomllib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jgo
from jgo.config import GlobalSettings
from jgo.constants import MAVEN_CENTRAL_URL
from jgo.maven import MavenContext

KAFKA_VERSION = "4.3.1"
POSTGRES_VERSION = "18.6.0"
KEYCLOAK_VERSION = "26.7.3"
KAFKA = f"org.apache.kafka:kafka_2.13:{KAFKA_VERSION}"
# Kafka names SLF4J only; without this binding, of Kafka's own Log4j version, it would log nothing.
KAFKA_LOGGING = "org.apache.logging.log4j:log4j-slf4j-impl:2.25.4"
# The Nu Html Checker, with which the tests read every page; nothing that runs needs it.
VALIDATOR = "nu.validator:validator:26.5.2"
# Keycloak, which the tests sign in against (`make test-keycloak`); an embedded system has an issuer of its own.
KEYCLOAK = f"org.keycloak:keycloak-quarkus-dist:zip:{KEYCLOAK_VERSION}"
POSTGRES_PLATFORMS = ("linux-amd64", "linux-arm64v8", "darwin-amd64", "darwin-arm64v8")
_MACHINES = {"x86_64": "amd64", "aarch64": "arm64v8", "arm64": "arm64v8"}
LOCK_FILE = Path(__file__).with_name("artifacts.lock")

Progress = Callable[[str], None]


class ArtifactError(Exception):
    """An archive is not the one that the lock names, or there is none for this platform."""


def postgres_coordinate(platform_name: str) -> str:
    return f"io.zonky.test.postgres:embedded-postgres-binaries-{platform_name}:{POSTGRES_VERSION}"


def this_platform() -> str:
    """Name this machine as the PostgreSQL archives do; raises ArtifactError where there is none."""
    machine = platform.machine().lower()
    name = f"{sys.platform}-{_MACHINES.get(machine, machine)}"
    if name not in POSTGRES_PLATFORMS:
        raise ArtifactError(
            f"There is no PostgreSQL archive for {sys.platform} on {platform.machine()}. "
            "Give the database URL of each service on a server of yours instead (BOOKING_DATABASE_URL and so on)."
        )
    return name


def locked(section: str, lock_file: Path = LOCK_FILE) -> dict[str, str]:
    """Return the SHA-256 sum of each coordinate in a section, "kafka" for one; "postgres" has all platforms."""
    with lock_file.open("rb") as file:
        sums: dict[str, str] = tomllib.load(file)[section]
    return sums


def sha256_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fetch(wanted: dict[str, str], progress: Progress) -> list[Path]:
    """Return the local path of every wanted coordinate, fetching those that are missing or damaged in the cache.

    Raises ArtifactError when what the repository serves has not the locked sum; such a file never enters the cache.
    """
    paths = {coordinate: _cache() / _relative_path(coordinate) for coordinate in wanted}
    missing = [coordinate for coordinate, path in paths.items() if not _is_sound(path, wanted[coordinate])]
    if missing:
        _fetch_missing({coordinate: wanted[coordinate] for coordinate in missing}, progress)
    return list(paths.values())


def resolve(coordinate: str) -> list[str]:
    """List a coordinate and what it needs at run time, as the repository says today: for writing the lock only."""
    return [f"{found.groupId}:{found.artifactId}:{found.version}" for found in jgo.resolve(coordinate)]


def _is_sound(path: Path, sha256: str) -> bool:
    return path.is_file() and sha256_of(path) == sha256


def _fetch_missing(wanted: dict[str, str], progress: Progress) -> None:
    cache = _cache()
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".kurslots-", dir=cache) as folder, ThreadPoolExecutor(8) as pool:

        def fetch_one(coordinate: str) -> str:
            fetched = download(coordinate, Path(folder))
            if (found := sha256_of(fetched)) != wanted[coordinate]:
                raise ArtifactError(
                    f"{coordinate} has the SHA-256 sum {found}; the lock {LOCK_FILE.name} names {wanted[coordinate]}. "
                    "The repository or a proxy serves another file than the one that was locked: nothing was started."
                )
            target = cache / _relative_path(coordinate)
            target.parent.mkdir(parents=True, exist_ok=True)
            fetched.replace(target)
            return coordinate

        done: Iterable[str] = pool.map(fetch_one, wanted)
        for count, coordinate in enumerate(done, start=1):
            progress(f"fetched {count} of {len(wanted)}: {coordinate.split(':')[1]}")


def download(coordinate: str, folder: Path) -> Path:
    """Fetch one archive by jgo into a folder of the caller's, unchecked, and return its path."""
    group, artifact, packaging, version = _parts(coordinate)
    repositories = {"central": MAVEN_CENTRAL_URL, **GlobalSettings.load().repositories}
    context = MavenContext(repo_cache=folder, remote_repos=repositories, timeout=60)
    return Path(context.project(group, artifact).at_version(version).artifact(packaging=packaging).resolve())


def _cache() -> Path:
    return Path(GlobalSettings.load().repo_cache)


def _relative_path(coordinate: str) -> Path:
    group, artifact, packaging, version = _parts(coordinate)
    return Path(*group.split("."), artifact, version, f"{artifact}-{version}.{packaging}")


def _parts(coordinate: str) -> tuple[str, str, str, str]:
    """Return group, name, packaging and version; an archive whose packaging is not named is a jar."""
    group, artifact, *packaging, version = coordinate.split(":")
    return group, artifact, packaging[0] if packaging else "jar", version
