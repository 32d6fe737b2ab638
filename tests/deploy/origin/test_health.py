"""What `/health` promises: every part named with its state, 200 only when all are up."""

import asyncio

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tests.support.origin import RunningOrigin, serve

SERVICES = ("booking", "procurement", "notification")


def a_part(paths: list[str], status: int = 200) -> Starlette:
    async def health(request: Request) -> Response:
        del request
        return JSONResponse({"status": "up"}, status)

    return Starlette(routes=[Route(path, health) for path in paths])


async def test_health_is_200_when_every_part_is_up(origin: RunningOrigin) -> None:
    web = a_part([f"/{service}/health" for service in SERVICES])
    async with (
        serve(web) as webs,
        serve(a_part(["/health"])) as workers,
        await asyncio.start_server(lambda _, writer: writer.close(), "127.0.0.1", 0) as other,
    ):
        address = f"127.0.0.1:{other.sockets[0].getsockname()[1]}"
        origin.write_routes(
            {
                "services": {service: {"web": webs, "worker": workers} for service in SERVICES},
                "parts": {"postgresql": address, "kafka": ["127.0.0.1:1", address]},
            }
        )
        answer = await origin.client.get("/health")
    assert answer.status_code == 200, answer.text
    assert answer.json()["status"] == "up"
    parts = answer.json()["parts"]
    assert {part["state"] for part in parts.values()} == {"up"}
    assert set(parts) == {
        *(f"{service}.{process}" for service in SERVICES for process in ("web", "worker")),
        "postgresql",
        "kafka",
        "smtp",
    }
    assert parts["kafka"]["address"] == address


async def test_a_part_that_is_down_makes_it_503_and_says_why(origin: RunningOrigin) -> None:
    async with serve(a_part(["/booking/health"], 503)) as web:
        origin.write_routes({"services": {"booking": {"web": web}}, "parts": {"kafka": "127.0.0.1:1"}})
        answer = await origin.client.get("/health")
    assert answer.status_code == 503
    parts = answer.json()["parts"]
    assert parts["booking.web"]["why"] == "answers 503 at /booking/health"
    assert parts["booking.worker"]["why"] == "not started"
    assert parts["kafka"]["state"] == "down"
    assert parts["smtp"]["state"] == "up"
