"""What a worker says of itself over HTTP: alive, ready, measured. No payloads, no ids of people."""

import asyncio
from collections.abc import Sequence
from typing import Any, Protocol

from faststream.asgi import AsgiResponse, get
from faststream.asgi.response import JSONResponse
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text

from shared.db import AWAY, Database, why_away
from shared.messaging.broker import PatientBroker
from shared.messaging.consumer import GroupConsumer
from shared.messaging.relay import Relay

_READY, _NOT_READY = 200, 503
_PATIENCE_SECONDS = 3.0  # whoever asks waits a few seconds at most


class Observed(Protocol):
    """The parts of a worker that are told of."""

    @property
    def service(self) -> str:
        """Whose worker it is."""
        ...

    @property
    def database(self) -> Database:
        """Where its service's rows are."""
        ...

    @property
    def broker(self) -> PatientBroker:
        """Its connection to Kafka."""
        ...

    @property
    def consumers(self) -> Sequence[GroupConsumer]:
        """Its consumers."""
        ...

    @property
    def relays(self) -> Sequence[Relay]:
        """Its relays."""
        ...


def probes(worker: Observed) -> list[tuple[str, Any]]:
    """Return the routes."""

    @get(include_in_schema=False)
    async def health(_scope: dict[str, Any]) -> AsgiResponse:
        return JSONResponse(_account(worker) | {"database_away_because": await _why_no_database(worker)})

    @get(include_in_schema=False)
    async def ready(_scope: dict[str, Any]) -> AsgiResponse:
        why_no_database = await _why_no_database(worker)
        has_database = why_no_database is None
        account = _account(worker) | {"database": has_database, "database_away_because": why_no_database}
        halted = any(consumer.halted_because for consumer in worker.consumers)
        is_ready = has_database and worker.broker.is_connected and not halted
        return JSONResponse(account, status_code=_READY if is_ready else _NOT_READY)

    @get(include_in_schema=False)
    async def metrics(_scope: dict[str, Any]) -> AsgiResponse:
        return AsgiResponse(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    return [("/health", health), ("/ready", ready), ("/metrics", metrics)]


def _account(worker: Observed) -> dict[str, Any]:
    return {
        "service": worker.service,
        "process": "worker",
        "kafka": worker.broker.is_connected,
        "kafka_away_because": worker.broker.away_because,
        "relays": [{"shard": relay.place.shard, "active": relay.is_active} for relay in worker.relays],
        "consumers": [
            {
                "group": consumer.group,
                "assigned": consumer.is_assigned,
                "halted_because": consumer.halted_because,
                "standing_still": consumer.standing_still,
            }
            for consumer in worker.consumers
        ],
    }


async def _why_no_database(worker: Observed) -> str | None:
    try:
        async with asyncio.timeout(_PATIENCE_SECONDS), worker.database.engine.connect() as connection:
            await connection.execute(text("SELECT 1"))
    except AWAY as error:
        return why_away(error)
    return None
