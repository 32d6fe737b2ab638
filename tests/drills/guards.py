"""The guards that a control twin goes without: each is one named function, replaced in the processes of a drill.

The product has no switch for them. A guard may rest on a constraint too: `statements` then takes that net away, in the
databases of the drill alone. A name that is no longer there is an error, so that no control quietly loses its point.
"""

import importlib
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import text

Wrapper = Callable[[Any], Any]
"""Takes the function as it is and returns what stands in its place."""


@dataclass(frozen=True)
class Guard:
    """`patches`: where a function is (`module:path`), and what stands in for it. `statements` are by service."""

    patches: Mapping[str, Wrapper]
    statements: Mapping[str, Sequence[str]] = field(default_factory=dict)


def patch(place: str, wrap: Wrapper) -> None:
    """Put something else in a function's place; raises AttributeError where there is no such function."""
    module_name, _, path = place.partition(":")
    owner: Any = importlib.import_module(module_name)
    *steps, name = path.split(".")
    for step in steps:
        owner = getattr(owner, step)
    setattr(owner, name, wrap(getattr(owner, name)))


def go_without(name: str) -> None:
    """Switch a guard off in this process."""
    for place, wrap in GUARDS[name].patches.items():
        patch(place, wrap)


def _every_message_is_new(_take: Any) -> Any:  # noqa: ANN401 - a function of the product
    async def take(_session: object, _consumer: str, ids: Sequence[Any]) -> set[Any]:
        return set(ids)

    return take


def _carried_out_every_time(_carried_out_once: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
    async def carried_out(context: object, command: object, status: int, **_others: object) -> tuple[object, bool]:
        plain = importlib.import_module("shared.web.edge")._carried_out
        return await plain(context, command, status), False

    return carried_out


def _never_idle(connect: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
    """Return a connect whose session the server never ends, however long nothing is heard of it."""

    async def without_limit(*arguments: Any, **options: Any) -> Any:  # noqa: ANN401 - asyncpg's own
        options.get("server_settings", {}).pop("idle_session_timeout", None)
        return await connect(*arguments, **options)

    return without_limit


def _held_by_everyone(_held: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
    @asynccontextmanager
    async def held(_lock: object, **_unless: object) -> AsyncIterator[bool]:
        yield True

    return held


def _never_lost(_check: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
    def check(_lock: object) -> None:
        return

    return check


def _nobody_waits(_error_of: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
    def error_of(_future: object) -> None:
        return

    return error_of


def _no_patience(_wait: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
    async def wait(_sender: object, _futures: object) -> None:
        return

    return wait


def _producer_with(**options: Any) -> Wrapper:  # noqa: ANN401 - stands in for functions of any kind
    """Return a producer that is made with other options than the product asks for."""

    def wrap(make: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
        def made(**asked: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
            return make(**{**asked, **options})

        return made

    return wrap


_COMMIT_IN_MEMORY = (
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET synchronous_commit = off', current_database()); END $$",
)


def _not_marked(_mark: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
    async def mark(*_key: object) -> None:
        return

    return mark


def _not_sent(handed_over: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
    """Return one that takes a message of which nobody knows for one that was not sent."""

    async def sure(*arguments: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
        outcome = await handed_over(*arguments)
        rules = importlib.import_module("services.notification.channels.rules")
        return rules.Outcome(rules.Result.TEMPORARY, "sure") if outcome.result is rules.Result.UNKNOWN else outcome

    return sure


def _read_then_written(_take: Any) -> Any:  # noqa: ANN401 - stands in for functions of any kind
    """Return a taking of seats that decides on what it has read, and not in the statement that takes them."""

    async def take(session: Any, pool_id: object, seats: int) -> bool:  # noqa: ANN401 - stands in for functions of any kind
        connection = await session.connection()
        pool = {"pool": pool_id}
        read = text("SELECT taken, capacity FROM seat_pools WHERE id = :pool")
        found = (await connection.execute(read, pool)).one()
        if found.taken + seats > found.capacity:
            return False
        write = text("UPDATE seat_pools SET taken = :taken WHERE id = :pool")
        await connection.execute(write, {**pool, "taken": found.taken + seats})
        return True

    return take


GUARDS: Mapping[str, Guard] = {
    # Behind the inbox is a second net: the same notification is not made twice. Both are taken away.
    "inbox": Guard(
        {"shared.messaging.inbox:take": _every_message_is_new},
        {
            "notification": (
                "ALTER TABLE notifications DROP CONSTRAINT uq_notifications_told_once",
                "ALTER TABLE notifications ADD CONSTRAINT uq_notifications_told_once UNIQUE (id)",
            )
        },
    ),
    "parking": Guard({"shared.messaging.parking:mark_parked": _not_marked}),
    "says_unknown": Guard({"services.notification.notifications.sender:Sender._handed_over": _not_sent}),
    # The pool's own constraint is a second net: what it catches is refused again and again, and never oversold.
    "conditional_take": Guard(
        {"services.booking.seats.commands:_take": _read_then_written},
        {"booking": ("ALTER TABLE seat_pools DROP CONSTRAINT ck_seat_pools_taken",)},
    ),
    "stored_answer": Guard({"shared.web.edge:_carried_out_once": _carried_out_every_time}),
    "idle_timeout": Guard({"shared.messaging.shard_lock:asyncpg.connect": _never_idle}),
    "shard_lock": Guard(
        {
            "shared.messaging.shard_lock:ShardLock.held": _held_by_everyone,
            "shared.messaging.shard_lock:ShardLock.check": _never_lost,
        }
    ),
    # What a server has said is on its disk is on its disk.
    "durable_commit": Guard({}, dict.fromkeys(("booking", "procurement", "notification"), _COMMIT_IN_MEMORY)),
    # A row leaves the outbox when Kafka has confirmed it. Without: when it was handed to a producer, which gives up.
    "confirmation": Guard(
        {
            "shared.messaging.sender:Sender._wait": _no_patience,
            "shared.messaging.sender:_error_of": _nobody_waits,
            "shared.messaging.sender:AIOKafkaProducer": _producer_with(
                enable_idempotence=False, request_timeout_ms=1500
            ),
        }
    ),
    # Confirmed by all replicas that are in sync, and not by the leader alone.
    "acks_of_all": Guard(
        {"shared.messaging.sender:AIOKafkaProducer": _producer_with(acks=1, enable_idempotence=False)}
    ),
    # The broker stamps the records; that is a setting of the topics, which the drill itself takes away.
    "brokers_time": Guard({}),
}
