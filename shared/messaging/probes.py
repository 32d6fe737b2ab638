"""What a worker says of itself over HTTP: alive, ready, measured. No payloads, no ids of people."""

from typing import TYPE_CHECKING, Any

from faststream.asgi import AsgiResponse, get
from faststream.asgi.response import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

if TYPE_CHECKING:
    from shared.messaging.worker import Worker

_READY, _NOT_READY = 200, 503


def probes(worker: "Worker") -> list[tuple[str, Any]]:
    """Return the routes."""

    @get(include_in_schema=False)
    async def health(_scope: dict[str, Any]) -> AsgiResponse:
        return JSONResponse(_account(worker))

    @get(include_in_schema=False)
    async def ready(_scope: dict[str, Any]) -> AsgiResponse:
        has_database = await _has_database(worker)
        account = _account(worker) | {"database": has_database}
        halted = any(consumer.halted_because for consumer in worker.consumers)
        is_ready = has_database and worker.broker.is_connected and not halted
        return JSONResponse(account, status_code=_READY if is_ready else _NOT_READY)

    @get(include_in_schema=False)
    async def metrics(_scope: dict[str, Any]) -> AsgiResponse:
        return AsgiResponse(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    return [("/health", health), ("/ready", ready), ("/metrics", metrics)]


def _account(worker: "Worker") -> dict[str, Any]:
    return {
        "service": worker.service,
        "process": "worker",
        "kafka": worker.broker.is_connected,
        "relays": [{"shard": relay.place.shard, "active": relay.is_active} for relay in worker.relays],
        "consumers": [
            {"group": consumer.group, "assigned": consumer.is_assigned, "halted_because": consumer.halted_because}
            for consumer in worker.consumers
        ],
    }


async def _has_database(worker: "Worker") -> bool:
    try:
        async with worker.database.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except (SQLAlchemyError, OSError, TimeoutError):
        return False
    return True
