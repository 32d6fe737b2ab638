"""Where the parts run, as `kurslots up` writes it into `routes.json`; read again whenever the file changes.

    {"services": {"booking": {"web": "http://127.0.0.1:41001", "worker": "http://127.0.0.1:41002"}, …},
     "parts": {"postgresql": ["127.0.0.1:41010"], "kafka": ["127.0.0.1:41020"]}}

A service or part that is missing has not been started. While the file cannot be read the last good one is used.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

SERVICES = ("booking", "procurement", "notification")
PROCESSES = ("web", "worker")


@dataclass(frozen=True, slots=True)
class RouteTable:
    """The addresses of one reading: services' processes as base URLs, other parts as `host:port`."""

    services: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


class Routes:
    """The current route table of one file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._table = RouteTable()
        self.wrong: str | None = None

    def current(self) -> RouteTable:
        """Return the table, read anew if the file is another than last time. Never raises; see `wrong`."""
        try:
            status = self._path.stat()
            seen = (status.st_mtime_ns, status.st_size, status.st_ino)
            if seen != self._seen:
                self._table = parse_routes(self._path.read_text(encoding="utf-8"))
                self._seen = seen
                self.wrong = None
        except FileNotFoundError:
            self.wrong = f"{self._path.name} is not there yet"
        except (OSError, ValueError) as error:
            self.wrong = f"{self._path.name}: {error}"
        return self._table


def parse_routes(text: str) -> RouteTable:
    """Read the JSON; raises ValueError naming what is wrong."""
    document = json.loads(text)
    if not isinstance(document, dict):
        raise ValueError("an object with services and parts is expected")  # noqa: TRY004 - its content is wrong
    services: dict[str, dict[str, str]] = {}
    for service, processes in document.get("services", {}).items():
        if service not in SERVICES:
            raise ValueError(f"{service} is none of {', '.join(SERVICES)}")
        services[service] = {process: _base_url(service, process, url) for process, url in processes.items()}
    parts = {
        name: (addresses,) if isinstance(addresses, str) else tuple(addresses)
        for name, addresses in document.get("parts", {}).items()
    }
    for name, addresses in parts.items():
        for address in addresses:
            host_and_port(name, address)
    return RouteTable(services=services, parts=parts)


def _base_url(service: str, process: str, url: object) -> str:
    if process not in PROCESSES:
        raise ValueError(f"{service}: {process} is none of {', '.join(PROCESSES)}")
    split = urlsplit(str(url))
    if split.scheme not in {"http", "https"} or not split.hostname or split.path not in {"", "/"}:
        raise ValueError(f"{service} {process}: {url} is not an address such as http://127.0.0.1:41001")
    return f"{split.scheme}://{split.netloc}"


def host_and_port(name: str, address: str) -> tuple[str, int]:
    """Split `host:port`; raises ValueError naming the part."""
    host, _, port = str(address).rpartition(":")
    if not host or not port.isdigit():
        raise ValueError(f"{name}: {address} is not host:port")
    return host.strip("[]"), int(port)
