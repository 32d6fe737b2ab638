"""`python -m deploy.embedded.lock` writes `artifacts.lock` anew for the pinned versions.

Read its difference before committing it: from then on these files, and no others, are run.
"""

import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.embedded.artifacts import (
    KAFKA,
    KAFKA_LOGGING,
    KEYCLOAK,
    LOCK_FILE,
    POSTGRES_PLATFORMS,
    VALIDATOR,
    download,
    postgres_coordinate,
    resolve,
    sha256_of,
)


def _kafka() -> list[str]:
    """List Kafka's archives; where the binding for logging names another version of the same one, Kafka's is taken."""
    by_name = {coordinate.rpartition(":")[0]: coordinate for coordinate in [*resolve(KAFKA_LOGGING), *resolve(KAFKA)]}
    return sorted(by_name.values())


def write_lock(lock_file: Path = LOCK_FILE) -> None:
    """Resolve, fetch and sum every archive of every platform."""
    sections = {
        "kafka": _kafka(),
        "keycloak": [KEYCLOAK],
        "postgres": [postgres_coordinate(name) for name in POSTGRES_PLATFORMS],
        "validator": resolve(VALIDATOR),
    }
    lines = ["# SHA-256 of every archive; written by `make lock`."]
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(max_workers=8) as pool:
        for section, coordinates in sections.items():
            sums = pool.map(lambda coordinate: sha256_of(download(coordinate, Path(folder))), coordinates)
            lines += ["", f"[{section}]"]
            lines += [f'"{coordinate}" = "{found}"' for coordinate, found in zip(coordinates, sums, strict=True)]
    lock_file.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    write_lock()
    sys.stdout.write(f"Wrote {LOCK_FILE.name}\n")
