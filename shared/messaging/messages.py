"""Reading a Kafka record: whatever is in it, reading gives a value and never raises.

A record that cannot be read is still a message with a key and an id, so that it can be set aside like any other.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from uuid import NAMESPACE_URL, UUID, uuid5

from pydantic import ValidationError

from shared.contracts.envelope import Envelope, UnreadableEnvelope
from shared.contracts.facts import Message, State
from shared.contracts.registry import message_class
from shared.contracts.topics import Topic
from shared.messaging.failures import cause_of

_RECORDS = uuid5(NAMESPACE_URL, "urn:kurslots:records")


class Reading(StrEnum):
    """What a record turned out to be."""

    MESSAGE = "message"
    GRAVE = "grave"
    IGNORED = "ignored"
    UNKNOWN = "unknown"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record as it came. `topic` is without the namespace."""

    topic: str
    partition: int
    offset: int
    key: bytes | None
    headers: tuple[tuple[str, bytes], ...]
    value: bytes | None


@dataclass(frozen=True, slots=True)
class Incoming:
    """A record that has been read.

    `key` is the aggregate's id as text, or one of the record's own where it has none, so that it holds up no other.
    """

    record: Record
    reading: Reading
    message_id: UUID
    key: str
    envelope: Envelope | None = None
    message: Message | None = None
    cause: str = ""

    @property
    def type_name(self) -> str:
        """The type it says it has."""
        return self.envelope.type if self.envelope else "?"


class _Unreadable(Exception):  # noqa: N818 - named for what is wrong
    """The record is off its contract; the argument says how, without any value."""


def read_record(record: Record, topic: Topic, *, ignored: Collection[type[Message]] = ()) -> Incoming:
    """Return what a record of `topic` holds."""
    key = _key_text(record)
    try:
        envelope = Envelope.read(record.headers)
    except UnreadableEnvelope as error:
        own_id = uuid5(_RECORDS, f"{record.topic}:{record.partition}:{record.offset}")
        return Incoming(record, Reading.UNREADABLE, own_id, key, cause=f"envelope: {_without_value(error)}")
    known = message_class(envelope.type)
    if known is None:
        return Incoming(record, Reading.UNKNOWN, envelope.id, key, envelope, cause="unknown type")
    if known in ignored:
        return Incoming(record, Reading.IGNORED, envelope.id, key, envelope)
    try:
        message = _message(record, topic, envelope, known)
    except _Unreadable as error:
        return Incoming(record, Reading.UNREADABLE, envelope.id, key, envelope, cause=str(error))
    if message is None:
        return Incoming(record, Reading.GRAVE, envelope.id, key, envelope)
    return Incoming(record, Reading.MESSAGE, envelope.id, key, envelope, message)


def _message(record: Record, topic: Topic, envelope: Envelope, known: type[Message]) -> Message | None:
    if known.topic != topic:
        raise _Unreadable(f"a message of {known.topic.name}")
    if record.key != str(envelope.subject).encode():
        raise _Unreadable("the record's key is not the envelope's subject")
    if record.value is None:
        if issubclass(known, State):
            return None
        raise _Unreadable("null where a fact must be")
    try:
        message = known.model_validate_json(record.value)
    except ValidationError as error:
        raise _Unreadable(cause_of(error)) from None
    if message.key != envelope.subject:
        raise _Unreadable("the message is about another key")
    return message


def _key_text(record: Record) -> str:
    if not record.key:
        return f"{record.partition}:{record.offset}"
    return record.key.decode("utf-8", errors="backslashreplace").replace("\x00", "\\x00")[:500]


def _without_value(error: UnreadableEnvelope) -> str:
    cause = error.__cause__
    return str(error) if cause is None else type(cause).__name__


def headers_of(raw: Sequence[tuple[str, bytes]] | None) -> tuple[tuple[str, bytes], ...]:
    """Return Kafka's headers with a value for each: Kafka allows null."""
    return tuple((name, value or b"") for name, value in raw or ())
