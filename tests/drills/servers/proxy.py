"""A bad network between a client and a server: Toxiproxy, made once by Go and kept in the cache.

A proxy listens on a port of its own. Kafka tells its clients where to go on, so a broker behind a proxy must advertise
the proxy's port.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import httpx
import psutil

from deploy.embedded.processes import Deadline, Program, accepts_connections, free_port, last_lines, start, stop_tree

VERSION = "v2.12.0"
_MODULE = f"github.com/Shopify/toxiproxy/v2/cmd/server@{VERSION}"
_BUILD_SECONDS = 240
STREAMS = ("upstream", "downstream")
_BYTES_IN_KILOBIT = 125


class NoProxyError(Exception):
    """This machine has no Go to make the proxy with; the message says what to do."""


def toxiproxy() -> Path:
    """Return the program, making it the first time; takes about half a minute. Raises NoProxyError."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "kurslots"
    program = cache / f"toxiproxy-{VERSION}"
    if program.exists():
        return program
    go = shutil.which("go")
    if go is None:
        raise NoProxyError("The slow and broken network needs Toxiproxy, which Go makes: install Go 1.22 or later.")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        made = subprocess.run(
            [go, "install", _MODULE],
            env={**os.environ, "GOBIN": folder, "GOTOOLCHAIN": "local"},
            capture_output=True,
            text=True,
            check=False,
            timeout=_BUILD_SECONDS,
        )
        if made.returncode != 0:
            raise NoProxyError(f"Go could not make Toxiproxy:\n{made.stderr}")
        (Path(folder) / "server").rename(program)
    return program


class Proxies:
    """One Toxiproxy process and the proxies in it."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._log = folder / "toxiproxy.log"
        program = Program((str(toxiproxy()), "-host", "127.0.0.1", "-port", str(self.port)), folder)
        self._process = start(program, self._log)
        self._http = httpx.Client(base_url=f"http://127.0.0.1:{self.port}", trust_env=False, timeout=10)
        deadline = Deadline(20)
        while not accepts_connections(self.port):
            assert self._process.poll() is None, last_lines(self._log)
            assert not deadline.is_over, last_lines(self._log)

    def to(self, port: int, name: str, *, here: int | None = None, host: str = "127.0.0.1") -> "Proxy":
        """Return a new proxy to a port of this machine, on the port `here` or any free one."""
        here = here or free_port()
        self.ask("POST", "/proxies", {"name": name, "listen": f"{host}:{here}", "upstream": f"127.0.0.1:{port}"})
        return Proxy(self, name, here)

    def ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> None:
        """Tell Toxiproxy something; raises httpx.HTTPStatusError where it says no."""
        self._http.request(method, path, json=body).raise_for_status()

    def stop(self) -> None:
        """Break every connection and end."""
        self._http.close()
        stop_tree(psutil.Process(self._process.pid))
        self._process.wait()


class Proxy:
    """A way to one server, good or bad."""

    def __init__(self, proxies: Proxies, name: str, port: int) -> None:
        self.port = port
        self._proxies = proxies
        self._path = f"/proxies/{name}"
        self._toxics: set[str] = set()

    def slow(self, *, latency_ms: int = 100, jitter_ms: int = 30, kilobits: int = 3000) -> None:
        """Delay what passes each way, and let no more than so many kilobits a second through."""
        for stream in STREAMS:
            self._add("latency", stream, {"latency": latency_ms // 2, "jitter": jitter_ms // 2})
            self._add("bandwidth", stream, {"rate": kilobits // (1000 // _BYTES_IN_KILOBIT)})

    def go_silent(self, *streams: str) -> None:
        """Leave connections half-open, one way or both: the ends think they are connected, and nothing arrives."""
        for stream in streams or STREAMS:
            self._add("timeout", stream, {"timeout": 0})

    def prepare_resets(self) -> None:
        """Let connections made from now on end by a reset instead of a close: it can only be said at their start."""
        for stream in STREAMS:
            self._add("reset_peer", stream, {"timeout": 0}, toxicity=0)

    def reset(self, stream: str) -> None:
        """Reset every connection on which something goes "upstream" (a request) or "downstream" (an answer).

        Lasts until `spare`: what is sent meanwhile is lost, and so is its connection.
        """
        self._proxies.ask("POST", f"{self._path}/toxics/reset_peer_{stream}", {"toxicity": 1})

    def spare(self) -> None:
        """Reset no more."""
        for stream in STREAMS:
            self._proxies.ask("POST", f"{self._path}/toxics/reset_peer_{stream}", {"toxicity": 0})

    def cut(self) -> None:
        """Close every connection and refuse new ones."""
        self._proxies.ask("POST", f"{self._path}", {"enabled": False})

    def mend(self) -> None:
        """Let everything pass again. Connections that were silent are closed: what they swallowed is lost."""
        for toxic in sorted(self._toxics):
            self._proxies.ask("DELETE", f"{self._path}/toxics/{toxic}")
        self._toxics.clear()
        self._proxies.ask("POST", f"{self._path}", {"enabled": True})

    def _add(self, kind: str, stream: str, attributes: dict[str, int], *, toxicity: int = 1) -> None:
        name = f"{kind}_{stream}"
        body = {"name": name, "type": kind, "stream": stream, "toxicity": toxicity, "attributes": attributes}
        self._proxies.ask("POST", f"{self._path}/toxics", body)
        self._toxics.add(name)
