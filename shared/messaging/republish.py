"""Publishing every state and grave of a topic again, so that copies can be rebuilt or mended.

In small steps, each in a transaction that holds its rows (`FOR SHARE`): a change that comes meanwhile is published
after the state that was read, never before.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from shared.contracts.topics import TOPICS, Kind
from shared.db import Database
from shared.kernel.clock import Clock
from shared.messaging.outbox import describe, tell_grave
from shared.messaging.reactions import StateSource
from shared.messaging.tables import graves

STEP = 200


def check_sources(service: str, sources: Sequence[StateSource]) -> None:
    """Raise TypeError unless every state topic that the service owns can be published again."""
    owned = {topic for topic in TOPICS if topic.kind is Kind.STATE and topic.owner == service}
    if wrong := owned ^ {source.state.topic for source in sources}:
        raise TypeError(f"{service}: the state sources do not fit {', '.join(sorted(topic.name for topic in wrong))}")


async def republish(database: Database, source: StateSource, clock: Clock, *, step: int = STEP) -> int:
    """Record every state and grave of a topic again; return how many."""
    return await _republish_states(database, source, clock, step) + await _republish_graves(
        database, source, clock, step
    )


async def _republish_states(database: Database, source: StateSource, clock: Clock, step: int) -> int:
    after: UUID | None = None
    told = 0
    while True:
        async with database.sessions() as session, session.begin():
            rows = await source.walk(session, after, step)
            for key, version, state in rows:
                after = key
                if state is not None:
                    await describe(session, state, version=version, at=clock.now())
                    told += 1
        if not rows:
            return told


async def _republish_graves(database: Database, source: StateSource, clock: Clock, step: int) -> int:
    after: UUID | None = None
    told = 0
    while True:
        async with database.sessions() as session, session.begin():
            query = select(graves.c.key, graves.c.version).where(graves.c.topic == source.state.topic.name)
            if after is not None:
                query = query.where(graves.c.key > after)
            rows = (await (await session.connection()).execute(query.order_by(graves.c.key).limit(step))).all()
            for row in rows:
                after = row.key
                await tell_grave(session, source.state, row.key, version=row.version, at=clock.now())
                told += 1
        if not rows:
            return told
