"""Telling the other services: a row written in the command's own transaction, published by the relay afterwards.

Call these after the aggregate's row is locked: then the rows of one aggregate commit in the order of their ids, and
that is the order in which they reach Kafka. What cannot be published fails here, in the command, and never later.
"""

import zlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import ValidationError
from sqlalchemy import delete, func, insert
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.facts import Fact, Message, State
from shared.kernel.errors import InvalidInput, KurslotsError
from shared.kernel.ids import new_id
from shared.kernel.texts import N_
from shared.messaging.tables import graves, outbox, stopped_keys
from shared.messaging.traces import traceparent_of_new

PAYLOAD_LIMIT_BYTES = 900_000  # a broker's default limit of a batch is 1 MiB, headers included
SLOTS = 1024


def slot_of(key: UUID) -> int:
    """Return the slot of a key, the same in every process: shard = slot modulo the number of shards."""
    return zlib.crc32(key.bytes) % SLOTS


async def record(session: AsyncSession, fact: Fact, *, version: int, at: datetime, same_as: UUID | None = None) -> UUID:
    """Tell, once this transaction commits, that `fact` has happened; return the id of the event.

    `version` is the aggregate's after the change, `at` the business time. `same_as` is the id of an event recorded
    before that tells the same in another version of its contract: who knows both acts on one. Raises KurslotsError
    where the fact is too large or is not what its contract says.
    """
    return await _insert(session, type(fact), fact.key, version, at, encoded(fact), event_id=same_as)


async def describe(session: AsyncSession, state: State, *, version: int, at: datetime) -> UUID:
    """Tell, once this transaction commits, an aggregate's whole public state; return the id of the event.

    Raises as `record` does.
    """
    return await _insert(session, type(state), state.key, version, at, encoded(state))


async def bury(session: AsyncSession, state: type[State], key: UUID, *, version: int, at: datetime) -> UUID:
    """Tell, once this transaction commits, that an aggregate is erased; every copy of it goes.

    `version` is above every version described before: whatever is not above it will be dropped by every copy. States
    of it that still wait to be published go with it, for the tombstone takes their place on the topic; and where Kafka
    had refused one of them, the tombstone does not wait for an operator.
    """
    grave = upsert(graves).values(topic=state.topic.name, key=key, version=version)
    await _execute(
        session,
        grave.on_conflict_do_update(
            index_elements=[graves.c.topic, graves.c.key],
            set_={"version": func.greatest(graves.c.version, grave.excluded.version)},
        ),
    )
    of_key = {"topic": state.topic.name, "key": key}
    await _execute(session, delete(outbox).filter_by(**of_key).where(outbox.c.payload.is_not(None)))
    await _execute(session, delete(stopped_keys).filter_by(**of_key))
    return await tell_grave(session, state, key, version=version, at=at)


async def tell_grave(session: AsyncSession, state: type[State], key: UUID, *, version: int, at: datetime) -> UUID:
    """Tell again, once this transaction commits, of an aggregate that is buried."""
    return await _insert(session, state, key, version, at, None)


def encoded(message: Message) -> bytes:
    """Return the message as it travels. Raises KurslotsError where it is too large or off its contract."""
    payload = message.model_dump_json(warnings=False).encode()  # a warning would quote values; it is read back below
    if len(payload) > PAYLOAD_LIMIT_BYTES:
        raise InvalidInput(
            N_("This is too large to be told to the others: {size} bytes, and {limit} is the most. Shorten its texts."),
            code="event_too_large",
            size=len(payload),
            limit=PAYLOAD_LIMIT_BYTES,
        )
    try:
        read_back = type(message).model_validate_json(payload)
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, each["loc"])) for each in error.errors(include_input=False)}))
        raise KurslotsError(
            N_("{type} cannot be told: its contract is not kept in {fields}."),
            code="event_off_contract",
            type=message.type_name,
            fields=fields,
        ) from None
    if read_back.key != message.key:
        raise KurslotsError(
            N_("{type} cannot be told: its contract is not kept in {fields}."),
            code="event_off_contract",
            type=message.type_name,
            fields=message.key_field,
        )
    return payload


@dataclass(frozen=True, slots=True)
class Told:
    """A row of the outbox as it will be, for a command that writes it together with its own rows."""

    event_id: UUID
    topic: str
    slot: int
    type: str
    traceparent: str | None
    payload: bytes


def told_of(fact: Fact) -> Told:
    """Return what a command writes that tells a fact in a statement of its own. Raises as `record` does."""
    event_id, message = new_id(), type(fact)
    return Told(
        event_id,
        message.topic.name,
        slot_of(fact.key),
        message.type_name,
        traceparent_of_new(message, event_id),
        encoded(fact),
    )


async def _insert(
    session: AsyncSession,
    message: type[Message],
    key: UUID,
    version: int,
    at: datetime,
    payload: bytes | None,
    *,
    event_id: UUID | None = None,
) -> UUID:
    event_id = event_id or new_id()
    await _execute(
        session,
        insert(outbox).values(
            event_id=event_id,
            topic=message.topic.name,
            key=key,
            slot=slot_of(key),
            type=message.type_name,
            version=version,
            at=at,
            traceparent=traceparent_of_new(message, event_id),
            payload=payload,
        ),
    )
    return event_id


async def _execute(session: AsyncSession, statement: Any) -> None:  # noqa: ANN401 - any Core statement
    # The flush sends the aggregate's pending UPDATE, and with it takes the row's lock, before an outbox id is drawn.
    await session.flush()
    await (await session.connection()).execute(statement)
