"""Facts take effect: once, in the order of their key, in the transaction that notes them in the inbox."""

from collections.abc import Sequence
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.facts import Fact
from shared.db import Database
from shared.kernel.clock import Clock
from shared.messaging import deaths, inbox, parking
from shared.messaging.failures import Transient
from shared.messaging.messages import Incoming
from shared.messaging.parking import SetAside
from shared.messaging.reactions import Delivery, Reactions
from shared.messaging.taking import Limits, Taker
from shared.messaging.traces import processing

EFFECTS = "effects"


class Effects(Taker):
    """Takes facts for one service."""

    consumer = EFFECTS
    lives_in = deaths.INBOX

    def __init__(self, reactions: Reactions, database: Database, clock: Clock, *, limits: Limits | None = None) -> None:
        super().__init__(reactions.service, database, clock, limits=limits)
        self.reactions = reactions
        self._take_from_inbox = inbox.take

    async def apply(self, session: AsyncSession, messages: Sequence[Incoming]) -> Sequence[Incoming]:
        """React to what is new, in order; what comes on a parked key is set aside behind what is there."""
        keys = {(incoming.record.topic, incoming.key) for incoming in messages}
        parked = await inbox.lock_parked(session, EFFECTS, keys)
        fresh = await self._take_from_inbox(session, EFFECTS, [incoming.message_id for incoming in messages])
        await self._stop_if_parked_meanwhile(session, messages, fresh, parked)
        applied: list[Incoming] = []
        unflushed: set[str] = set()
        for incoming in messages:
            if incoming.message_id not in fresh:
                continue
            fresh.discard(incoming.message_id)
            if (incoming.record.topic, incoming.key) in parked:
                await parking.set_aside(session, EFFECTS, incoming, SetAside("follower", "its key is parked"))
                continue
            # Rows of many messages go to the database together. What came before on the key must be there, though: a
            # reaction may look for it with a statement that flushes nothing.
            if incoming.key in unflushed:
                await session.flush()
                unflushed.clear()
            await self._react(session, incoming)
            unflushed.add(incoming.key)
            applied.append(incoming)
        await session.flush()
        return applied

    async def apply_again(self, session: AsyncSession, incoming: Incoming) -> None:
        """Call the reaction to a fact, whatever the inbox says, and flush: what fails is then known to be its doing."""
        await self._react(session, incoming)
        await session.flush()

    async def _react(self, session: AsyncSession, incoming: Incoming) -> None:
        assert isinstance(incoming.message, Fact)
        assert incoming.envelope is not None
        reaction = self.reactions.handlers[type(incoming.message)]
        with processing(EFFECTS, incoming):
            await reaction(Delivery(session, self.clock, incoming.envelope), incoming.message)

    async def put_aside(self, session: AsyncSession, incoming: Incoming, why: SetAside) -> bool:
        """Park the message's key behind it, unless another worker has applied or parked the message meanwhile."""
        topic = incoming.record.topic
        parked = await inbox.lock_parked(session, EFFECTS, {(topic, incoming.key)})
        if not await self._take_from_inbox(session, EFFECTS, [incoming.message_id]):
            return False
        if parked:
            why = SetAside("follower", "its key is parked")
        else:
            await parking.mark_parked(session, EFFECTS, topic, incoming.key)
        await parking.set_aside(session, EFFECTS, incoming, why)
        return True

    async def _stop_if_parked_meanwhile(
        self,
        session: AsyncSession,
        messages: Sequence[Incoming],
        fresh: set[UUID],
        parked: set[inbox.KeyOnTopic],
    ) -> None:
        """A worker that lost these partitions may have parked a key between our look and our taking of ids.

        It took the id of the message that it parked, so ours shows as repeated: look again at the keys of those.
        """
        repeated = {(incoming.record.topic, incoming.key) for incoming in messages if incoming.message_id not in fresh}
        if await inbox.lock_parked(session, EFFECTS, repeated - parked):
            raise Transient("a key was parked meanwhile")
