"""Copies of other services' states: the highest version wins, and a grave keeps what is erased from coming back.

A topic keeps the last offset of a key and not its highest version: a late duplicate must find the grave here.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, text
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.facts import State
from shared.contracts.registry import message_class
from shared.db import Database
from shared.kernel.clock import Clock
from shared.messaging import deaths, erasing, inbox, parking
from shared.messaging.messages import Incoming, Reading
from shared.messaging.parking import SetAside
from shared.messaging.reactions import Copies, Delivery
from shared.messaging.tables import copy_versions
from shared.messaging.taking import Limits, Taker
from shared.messaging.traces import processing

COPIES = "copies"

_RAISE_VERSIONS = text("""
    INSERT INTO copy_versions AS held (topic, key, version, grave)
    SELECT asked.topic, asked.key, asked.version, asked.grave
      FROM unnest(CAST(:topics AS text[]), CAST(:keys AS uuid[]), CAST(:versions AS bigint[]), CAST(:graves AS bool[]))
           AS asked (topic, key, version, grave)
     ORDER BY asked.topic, asked.key
    ON CONFLICT (topic, key) DO UPDATE
       SET version = excluded.version, grave = excluded.grave, seen_at = excluded.seen_at
     WHERE (held.version, held.grave) < (excluded.version, excluded.grave)
    RETURNING held.topic, held.key
""")


async def is_erased(session: AsyncSession, state: type[State], key: UUID) -> bool:
    """Whether the owner has erased it: a reference to it is then to nobody, and not one to wait for."""
    connection = await session.connection()
    grave = select(copy_versions.c.grave).where(copy_versions.c.topic == state.topic.name, copy_versions.c.key == key)
    return bool((await connection.execute(grave)).scalar_one_or_none())


class CopyKeeper(Taker):
    """Takes states for one service."""

    consumer = COPIES
    lives_in = deaths.COPY_VERSIONS

    def __init__(self, copies: Copies, database: Database, clock: Clock, *, limits: Limits | None = None) -> None:
        super().__init__(copies.service, database, clock, limits=limits)
        self.copies = copies

    async def apply(self, session: AsyncSession, messages: Sequence[Incoming]) -> Sequence[Incoming]:
        """Copy, of each key, the highest version in the batch, where it is above what is held.

        A grave takes what is set aside of its key with it.
        """
        highest: dict[tuple[str, UUID], Incoming] = {}
        for incoming in messages:
            assert incoming.envelope is not None
            key = (incoming.record.topic, incoming.envelope.subject)
            if key not in highest or rank(incoming) > rank(highest[key]):
                highest[key] = incoming
        graves = [(topic, str(key)) for (topic, key), incoming in highest.items() if incoming.reading is Reading.GRAVE]
        await erasing.lock_letters(session, COPIES, graves)
        connection = await session.connection()
        risen = await connection.execute(
            _RAISE_VERSIONS,
            {
                "topics": [topic for topic, _ in highest],
                "keys": [key for _, key in highest],
                "versions": [rank(incoming)[0] for incoming in highest.values()],
                "graves": [rank(incoming)[1] for incoming in highest.values()],
            },
        )
        copied = [highest[row.topic, row.key] for row in risen]
        for incoming in copied:
            with processing(COPIES, incoming):
                await self._keep(session, incoming)
        return copied

    async def apply_again(self, session: AsyncSession, incoming: Incoming) -> None:
        """Copy a state that was set aside, where it is still above what is held."""
        await self.apply(session, [incoming])

    async def put_aside(self, session: AsyncSession, incoming: Incoming, why: SetAside) -> bool:
        """Set a state aside, unless it is of the erased. Nothing waits behind it: its next one replaces it."""
        if await erasing.is_buried(session, incoming):
            return False
        if not await inbox.take(session, COPIES, [incoming.message_id]):
            return False
        await parking.set_aside(session, COPIES, incoming, why)
        return True

    async def _keep(self, session: AsyncSession, incoming: Incoming) -> None:
        assert incoming.envelope is not None
        delivery = Delivery(session, self.clock, incoming.envelope)
        if isinstance(incoming.message, State):
            await self.copies.keepers[type(incoming.message)](delivery, incoming.message)
        else:
            state = message_class(incoming.type_name)
            assert state is not None
            assert issubclass(state, State)
            await self.copies.erasers[state](delivery, incoming.envelope.subject)
            place = (incoming.record.topic, str(incoming.envelope.subject))
            await erasing.empty_letters(session, COPIES, place, grave=incoming.message_id)
        await session.flush()


def rank(incoming: Incoming) -> tuple[int, bool]:
    """Return what decides between two states of a key: the version, and of the same version the grave."""
    assert incoming.envelope is not None
    return incoming.envelope.version, incoming.reading is Reading.GRAVE
