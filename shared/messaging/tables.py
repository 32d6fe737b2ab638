"""The tables that messaging needs in every service's database, as Core tables in one MetaData.

Each service's migrations create them. All times here are machine time: nothing in these tables is business.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

from shared.db import NAMING, UtcDateTime

metadata = MetaData(naming_convention=NAMING)


def _now(name: str) -> Column[object]:
    """Return a column that the database fills with the instant of the insert, not of the transaction's start."""
    return Column(name, UtcDateTime, nullable=False, server_default=func.clock_timestamp())


# What is to be published. A row leaves when the broker has confirmed it, and never otherwise.
outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("topic", Text, nullable=False),
    Column("key", Uuid, nullable=False),
    Column("slot", SmallInteger, nullable=False, comment="hash of the key; a relay takes the slots of its shard"),
    Column("type", Text, nullable=False),
    Column("version", BigInteger, nullable=False, comment="of the aggregate"),
    Column("at", UtcDateTime, nullable=False, comment="business time"),
    Column("traceparent", Text),
    Column("payload", LargeBinary, comment="null is a tombstone"),
    _now("recorded_at"),
    CheckConstraint("slot >= 0", name="slot"),
    CheckConstraint("version >= 0", name="version"),
)

# Keys whose next row the broker refuses for good: their rows wait, in order, until an operator releases the key.
stopped_keys = Table(
    "stopped_keys",
    metadata,
    Column("topic", Text, nullable=False),
    Column("key", Uuid, nullable=False),
    Column("outbox_id", BigInteger, nullable=False),
    Column("cause", Text, nullable=False),
    _now("stopped_at"),
    PrimaryKeyConstraint("topic", "key"),
)

# Aggregates of ours that are erased: published again with every state, so that no copy comes back to life.
graves = Table(
    "graves",
    metadata,
    Column("topic", Text, nullable=False),
    Column("key", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    _now("buried_at"),
    PrimaryKeyConstraint("topic", "key"),
)

# Facts that have taken effect here, or are set aside; kept longer than a topic keeps its records.
inbox = Table(
    "inbox",
    metadata,
    Column("message_id", Uuid, nullable=False),
    Column("consumer", Text, nullable=False),
    _now("seen_at"),
    PrimaryKeyConstraint("message_id", "consumer"),
    Index("ix_inbox_seen_at", "seen_at"),
)

# The highest version of each state that has been copied here; a grave outlives the copy.
copy_versions = Table(
    "copy_versions",
    metadata,
    Column("topic", Text, nullable=False),
    Column("key", Uuid, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("grave", Boolean, nullable=False, server_default=text("false")),
    _now("seen_at"),
    PrimaryKeyConstraint("topic", "key"),
)

# Keys whose messages are set aside until the first of them is settled. Locked before anything else, in sorted order.
parked_keys = Table(
    "parked_keys",
    metadata,
    Column("consumer", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    _now("parked_at"),
    PrimaryKeyConstraint("consumer", "topic", "key"),
)

# Messages set aside: one that failed, or waits for a reference, and those of its key that came after it.
dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("consumer", Text, nullable=False),
    Column("topic", Text, nullable=False),
    Column("partition", Integer, nullable=False),
    Column("offset", BigInteger, nullable=False),
    Column("key", Text, nullable=False, comment="the record's key as text; one of its own where it has none"),
    Column("message_id", Uuid, nullable=False),
    Column("type", Text),
    Column("standing", Text, nullable=False),
    Column("record_key", LargeBinary),
    Column("headers", JSONB, nullable=False, server_default=text("'[]'")),
    Column("value", LargeBinary),
    Column("cause", Text, nullable=False),
    Column("stack", Text, nullable=False, server_default=""),
    Column("tries", Integer, nullable=False, server_default="0"),
    Column("retry_at", UtcDateTime, comment="when the worker tries it again by itself, or was asked to"),
    _now("parked_at"),
    Column("settled_at", UtcDateTime),
    Column("outcome", Text),
    Column("settled_by", Text),
    CheckConstraint("standing IN ('failed', 'waiting', 'follower')", name="standing"),
    CheckConstraint("outcome IN ('replayed', 'discarded')", name="outcome"),
    CheckConstraint("(settled_at IS NULL) = (outcome IS NULL)", name="settled"),
    CheckConstraint("settled_at IS NULL OR (value IS NULL AND record_key IS NULL)", name="settled_holds_no_payload"),
    Index(
        "ix_dead_letters_open",
        "consumer",
        "topic",
        "key",
        "id",
        postgresql_where=text("settled_at IS NULL"),
    ),
    Index("ix_dead_letters_retry_at", "retry_at", postgresql_where=text("retry_at IS NOT NULL")),
    Index("ix_dead_letters_settled_at", "settled_at", postgresql_where=text("settled_at IS NOT NULL")),
)

# What people have decided about messages set aside and about stopped keys: who, when, what and why. A reason is an
# operator's own words and must name nobody: it outlives those whom the message was about.
message_decisions = Table(
    "message_decisions",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    _now("decided_at"),
    Column("action", Text, nullable=False),
    Column("actor_id", Uuid, comment="the person, where she was signed in"),
    Column("actor_name", Text, comment="the system user, at a command line"),
    Column("reason", Text, nullable=False, server_default=""),
    Column("letter_id", BigInteger, comment="the dead letter; its row is forgotten earlier than this one"),
    Column("consumer", Text),
    Column("topic", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("type", Text),
    Column("cause", Text, nullable=False, comment="as it stood when it was decided"),
    CheckConstraint("action IN ('replay', 'discard', 'release')", name="action"),
    CheckConstraint("action = 'replay' OR reason <> ''", name="reason"),
    CheckConstraint("(actor_id IS NULL) <> (actor_name IS NULL)", name="actor"),
    CheckConstraint("(letter_id IS NULL) = (action = 'release')", name="letter"),
    Index("ix_message_decisions_decided_at", "decided_at"),
)

# Consumers that have stopped because too many messages die; their worker says so again and again while it lives.
halted_consumers = Table(
    "halted_consumers",
    metadata,
    Column("worker", Text, nullable=False, comment="host and process"),
    Column("consumer", Text, nullable=False),
    Column("cause", Text, nullable=False),
    _now("noted_at"),
    PrimaryKeyConstraint("worker", "consumer"),
)

# Due rows that failed: left alone until their next try, shown to the operator after some.
timer_failures = Table(
    "timer_failures",
    metadata,
    Column("timer", Text, nullable=False),
    Column("row_id", Uuid, nullable=False),
    Column("failures", Integer, nullable=False),
    Column("cause", Text, nullable=False),
    _now("first_failed_at"),
    Column("next_try_at", UtcDateTime, nullable=False),
    PrimaryKeyConstraint("timer", "row_id"),
    Index("ix_timer_failures_next_try_at", "next_try_at"),
)
