"""PostgreSQL 18 as a process of ours: unpacked from a locked archive, loopback and SCRAM only.

PostgreSQL refuses to run as root. Started by root it runs as `nobody`, and reaches its data through its working folder
(`/proc/self/cwd`), so that no folder above the data needs another mode.
"""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import asyncpg
import psutil
from sqlalchemy import make_url

from deploy.embedded import artifacts
from deploy.embedded.artifacts import POSTGRES_VERSION, Progress
from deploy.embedded.processes import Deadline, PartError, Program, environment_with, last_lines
from shared.db import connect_alone

SUPERUSER = "postgres"
EXTENSIONS = ("btree_gist", "pg_trgm", "unaccent")
_MEMORY = {
    "shared_buffers": "64MB",
    "max_connections": "120",
    "maintenance_work_mem": "32MB",
    "max_wal_size": "512MB",
    "wal_buffers": "4MB",
    "io_method": "sync",
    "jit": "off",
    "max_wal_senders": "0",
    "wal_level": "minimal",
}
_CERTIFICATE, _KEY, _WHO_MAY = "server.crt", "server.key", "pg_hba.tls.conf"
_TLS_ONLY = "hostssl all all 127.0.0.1/32 scram-sha-256\n"
_NOT_DURABLE = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


@dataclass(frozen=True)
class PostgresTls:
    """A server's certificate, its key, and who signed it."""

    certificate_file: Path
    key_file: Path
    ca_file: Path


@dataclass(frozen=True)
class PostgresServer:
    """A server whose cluster lives in `folder`. `durable=False` is for tests: a crash of the machine loses data.

    With `tls` it takes no connection without.
    """

    folder: Path
    port: int
    password: str
    durable: bool = True
    tls: PostgresTls | None = None

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def url(self, database: str = "postgres", role: str = SUPERUSER, password: str | None = None) -> str:
        secret = quote(self.password if password is None else password, safe="")
        ca_file = quote(str(self.tls.ca_file.resolve())) if self.tls else ""
        tls = f"?sslmode=verify-full&sslrootcert={ca_file}" if self.tls else ""
        return f"postgresql://{role}:{secret}@127.0.0.1:{self.port}/{database}{tls}"

    def prepare(self, progress: Progress) -> None:
        """Unpack the programs and make the cluster, where that was not done before; blocks for some seconds."""
        programs = _programs(progress)
        if (self.data / "PG_VERSION").exists():
            self._forget_dead_postmaster()
        else:
            progress("making the cluster")
            self._make_cluster(programs)
        if self.tls is not None:
            self._take_certificate(self.tls)

    def program(self) -> Program:
        """Return how to run the server; `prepare` first."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "password_encryption": "scram-sha-256",
            "timezone": "UTC",
            "log_timezone": "UTC",
            **_MEMORY,
            **({} if self.durable else _NOT_DURABLE),
        }
        seen = self._data_as_seen_by_server(self.data)
        if self.tls is not None:
            settings |= {"ssl": "on", "ssl_cert_file": _CERTIFICATE, "ssl_key_file": _KEY}
            settings["hba_file"] = f"{seen}/{_WHO_MAY}"
        flags = [flag for name, value in settings.items() for flag in ("-c", f"{name}={value}")]
        argv = (str(_programs(_silent) / "bin" / "postgres"), "-D", seen, *flags)
        user, group = _unprivileged()
        return Program(argv, self.data, _environment(), user, group, stop_signal=signal.SIGINT)

    async def wait_ready(self, process: subprocess.Popen[bytes], log: Path, seconds: float = 120) -> None:
        """Return when the server takes connections; raises PartError when it ended or the time is up."""
        deadline = Deadline(seconds)
        while True:
            if process.poll() is not None:
                raise PartError(f"PostgreSQL ended while starting. The end of {log}:\n{last_lines(log)}")
            try:
                connection = await connect_alone(make_url(self.url()), timeout=5)
            except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
                if deadline.is_over:
                    raise PartError(f"PostgreSQL was not ready in {seconds:.0f} s; see {log}") from None
                await asyncio.sleep(0.05)
                continue
            except asyncpg.InvalidPasswordError:
                raise PartError(
                    f"PostgreSQL's data in {self.data} was made with another password than the one in secrets.json. "
                    "Put that file back, or name another folder in KURSLOTS_HOME."
                ) from None
            await connection.close()
            return

    async def ensure_database(self, name: str, role: str, password: str) -> str:
        """Make a database that its role alone may enter, with our extensions in it, and return its URL.

        Doing it again changes nothing but the password.
        """
        connection = await connect_alone(make_url(self.url()))
        try:
            if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await connection.execute(f'CREATE ROLE "{role}" LOGIN')
            literal = await connection.fetchval("SELECT quote_literal($1::text)", password)
            await connection.execute(f'ALTER ROLE "{role}" PASSWORD {literal}')
            if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", name):
                await connection.execute(f'CREATE DATABASE "{name}" OWNER "{role}"')
            await connection.execute(f'REVOKE ALL ON DATABASE "{name}", postgres, template1 FROM PUBLIC')
        finally:
            await connection.close()
        connection = await connect_alone(make_url(self.url(name)))
        try:
            for extension in EXTENSIONS:
                await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        finally:
            await connection.close()
        return self.url(name, role, password)

    def _data_as_seen_by_server(self, data: Path) -> str:
        return "/proc/self/cwd" if _unprivileged()[0] is not None and sys.platform == "linux" else str(data)

    def _make_cluster(self, programs: Path) -> None:
        user, group = _unprivileged()
        fresh = self.folder / "data.new"
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        password_file = self.folder / "password.new"
        password_file.touch(mode=0o600)
        password_file.write_text(self.password, encoding="utf-8")
        if user is not None and group is not None:
            for path in (self.folder, fresh, password_file):
                os.chown(path, user, group)
        seen = self._data_as_seen_by_server(fresh)
        argv = [
            str(programs / "bin" / "initdb"),
            f"--pgdata={seen}",
            f"--username={SUPERUSER}",
            f"--pwfile={seen}/../{password_file.name}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale-provider=icu",
            "--icu-locale=und",
            # The letters of åäö are letters to pg_trgm only where the C library's locale knows UTF-8.
            f"--locale={'en_US.UTF-8' if sys.platform == 'darwin' else 'C.UTF-8'}",
            "--no-instructions",
            *([] if self.durable else ["--no-sync"]),
        ]
        try:
            made = subprocess.run(
                argv,
                cwd=fresh,
                env=environment_with(_environment()),
                user=user,
                group=group,
                extra_groups=[] if user is not None else None,
                capture_output=True,
                check=False,
            )
        finally:
            password_file.unlink()
        if made.returncode != 0:
            raise PartError(f"PostgreSQL's cluster could not be made:\n{(made.stderr or made.stdout).decode()}")
        fresh.rename(self.data)

    def _take_certificate(self, tls: PostgresTls) -> None:
        """Put certificate, key and the rule of who may connect where the server's own user reads them."""
        user, group = _unprivileged()
        contents = {
            _CERTIFICATE: tls.certificate_file.read_bytes(),
            _KEY: tls.key_file.read_bytes(),
            _WHO_MAY: _TLS_ONLY.encode(),
        }
        for name, content in contents.items():
            path = self.data / name
            path.touch(mode=0o600)
            path.write_bytes(content)
            if user is not None and group is not None:
                os.chown(path, user, group)

    def _forget_dead_postmaster(self) -> None:
        """Remove the lock of a killed server: its number may belong to another process of the same user by now."""
        lock = self.data / "postmaster.pid"
        if not lock.exists():
            return
        first_line = lock.read_text(encoding="utf-8").partition("\n")[0]
        if not first_line.isdigit() or not self.runs_as(int(first_line)):
            lock.unlink()

    def runs_as(self, pid: int) -> bool:
        """Whether the process with this number is a PostgreSQL server on this folder."""
        try:
            process = psutil.Process(pid)
            return process.name() == "postgres" and Path(process.cwd()) == self.data.resolve()
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            return False


def _silent(_: str) -> None:
    pass


def _environment() -> dict[str, str | None]:
    """Keep the caller's own PostgreSQL and locale settings out of our server."""
    foreign: dict[str, str | None] = {name: None for name in os.environ if name.startswith("PG")}
    return {**foreign, "LC_ALL": "C.UTF-8" if sys.platform == "linux" else "en_US.UTF-8", "TZ": "UTC"}


def _unprivileged() -> tuple[int | None, int | None]:
    """Return the user and group to run as, or nothing when we are not root."""
    if os.geteuid() != 0:
        return None, None
    nobody = pwd.getpwnam("nobody")
    return nobody.pw_uid, nobody.pw_gid


def _programs(progress: Progress) -> Path:
    """Return the folder of the unpacked programs, unpacking them the first time."""
    platform_name = artifacts.this_platform()
    coordinate = artifacts.postgres_coordinate(platform_name)
    sha256 = artifacts.locked("postgres")[coordinate]
    folder = _program_cache() / f"postgresql-{POSTGRES_VERSION}-{platform_name}-{sha256[:12]}"
    if not folder.exists():
        [archive] = artifacts.fetch({coordinate: sha256}, progress)
        progress("unpacking")
        _unpack(archive, folder)
    return folder


def _program_cache() -> Path:
    """Return a folder for programs that the user who will run them can reach."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kurslots"
    cache.mkdir(parents=True, exist_ok=True)
    if _unprivileged()[0] is None or _everyone_reaches(cache):
        return cache
    system = Path("/Library/Caches/kurslots" if sys.platform == "darwin" else "/var/cache/kurslots")
    system.mkdir(parents=True, exist_ok=True, mode=0o755)
    if system.is_symlink() or system.stat().st_uid != 0 or not _everyone_reaches(system):
        raise PartError(
            f"{system} must be a folder of root's that everybody may enter: PostgreSQL's programs go there."
        )
    return system


def _everyone_reaches(folder: Path) -> bool:
    resolved = folder.resolve()
    return all(path.stat().st_mode & stat.S_IXOTH for path in (resolved, *resolved.parents))


def _unpack(archive: Path, target: Path) -> None:
    """Unpack beside the target and rename, so that a half-unpacked folder is never taken for a whole one."""
    fresh = Path(tempfile.mkdtemp(prefix=f".{target.name}-", dir=target.parent))
    try:
        with zipfile.ZipFile(archive) as jar:
            [inner] = [name for name in jar.namelist() if name.endswith(".txz")]
            with jar.open(inner) as packed, tarfile.open(fileobj=packed, mode="r:xz") as tar:
                tar.extraction_filter = getattr(tarfile, "data_filter", None)
                tar.extractall(fresh)  # noqa: S202 - the archive's sum is locked
        for path in (fresh, *fresh.rglob("*")):
            if not path.is_symlink():
                path.chmod(path.stat().st_mode | (0o555 if path.is_dir() else 0o444))
        try:
            fresh.rename(target)
        except OSError:
            if not target.exists():
                raise  # anything but another start that was quicker
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
