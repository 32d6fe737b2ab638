"""How each part is: services' processes are asked over HTTP, the others by whether they take a connection."""

import asyncio
import time
from collections.abc import Awaitable
from dataclasses import asdict, dataclass
from http import HTTPStatus

import httpx

from deploy.embedded.origin.routes import PROCESSES, SERVICES, Routes, host_and_port

_PATIENCE_SECONDS = 3.0
_PARTS = ("postgresql", "kafka")


@dataclass(frozen=True, slots=True)
class PartHealth:
    """One part's state at one moment. `why` is None when it is up."""

    state: str
    address: str | None
    milliseconds: int
    why: str | None = None


async def check_all(routes: Routes, client: httpx.AsyncClient, own: dict[str, str]) -> dict[str, PartHealth]:
    """Ask every part at once; `own` holds the origin's own listeners, name to `host:port`."""
    table = routes.current()
    checks: dict[str, Awaitable[PartHealth]] = {}
    for service in SERVICES:
        for process in PROCESSES:
            base = table.services.get(service, {}).get(process)
            path = f"/{service}/health" if process == "web" else "/health"
            checks[f"{service}.{process}"] = _ask(client, base, path)
    for part in sorted({*_PARTS, *table.parts}):
        checks[part] = _connect(part, table.parts.get(part, ()))
    for name, address in own.items():
        checks[name] = _connect(name, (address,))
    answers = await asyncio.gather(*checks.values())
    return dict(zip(checks, answers, strict=True))


def summary(parts: dict[str, PartHealth], wrong: str | None) -> tuple[int, dict[str, object]]:
    """Return the HTTP status and the document for `/health`."""
    up = wrong is None and all(part.state == "up" for part in parts.values())
    document: dict[str, object] = {
        "status": "up" if up else "down",
        "parts": {name: asdict(part) for name, part in parts.items()},
    }
    if wrong is not None:
        document["routes"] = wrong
    return (HTTPStatus.OK if up else HTTPStatus.SERVICE_UNAVAILABLE), document


async def _ask(client: httpx.AsyncClient, base: str | None, path: str) -> PartHealth:
    if base is None:
        return PartHealth("down", None, 0, "not started")
    began = time.monotonic()
    try:
        answer = await client.get(base + path, timeout=_PATIENCE_SECONDS)
    except httpx.HTTPError as error:
        return PartHealth("down", base, _since(began), str(error) or type(error).__name__)
    if answer.status_code == HTTPStatus.OK:
        return PartHealth("up", base, _since(began))
    return PartHealth("down", base, _since(began), f"answers {answer.status_code} at {path}")


async def _connect(name: str, addresses: tuple[str, ...]) -> PartHealth:
    """Up when one of a cluster's addresses takes a connection."""
    if not addresses:
        return PartHealth("down", None, 0, "not started")
    began = time.monotonic()
    why = ""
    for address in addresses:
        host, port = host_and_port(name, address)
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                _, writer = await asyncio.open_connection(host, port)
        except (OSError, TimeoutError) as error:
            why = str(error) or "no answer"
            continue
        writer.close()
        return PartHealth("up", address, _since(began))
    return PartHealth("down", addresses[0], _since(began), why)


def _since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)
