"""The parking protocol against a plain sequential apply, by a machine that tries what may happen in any order.

Two workers, as before and after a rebalance, take from the same log with the code of the product; the database is real.
At every step, what took effect on a key is a beginning of what a sequential apply gives: each fact once, by version,
without those that an operator gave up. With a guard off the machine finds the fault: the control twins.
"""

import asyncio
from collections.abc import Coroutine, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.exc import DBAPIError
from sqlmodel.ext.asyncio.session import AsyncSession

from deploy.embedded.postgres import PostgresServer
from shared.contracts.booking import BookingChanged
from shared.contracts.topics import BOOKINGS
from shared.db import Database, open_database
from shared.kernel.clock import SystemClock
from shared.kernel.errors import Conflict, NotFound
from shared.kernel.ids import new_id
from shared.messaging import inbox, tables
from shared.messaging.dead_letters import Decider, ask_replay, discard
from shared.messaging.effects import EFFECTS, Effects
from shared.messaging.failures import is_transient
from shared.messaging.messages import Incoming, read_record
from shared.messaging.retries import Retries
from shared.messaging.taking import Limits
from tests.shared.messaging import ledger
from tests.shared.messaging.ledger import Listener, noted
from tests.support.databases import Databases
from tests.support.messaging import a_message, a_record, rows_of

_KEYS, _WORKERS = 3, 2
_PATIENCE = Limits(pause_seconds=0, deaths=10_000, deaths_of=10_000, first_wait_seconds=0, longest_wait_seconds=0)
_MOST_ROUNDS = 60

keys = st.integers(0, _KEYS - 1)
workers = st.integers(0, _WORKERS - 1)
sizes = st.integers(1, 6)
back = st.integers(0, 6)


@dataclass(frozen=True)
class _Stage:
    """One database and one loop for all examples."""

    runner: asyncio.Runner
    database: Database

    def run(self, what: Coroutine[Any, Any, Any]) -> Any:  # noqa: ANN401 - whatever the coroutine gives
        return self.runner.run(what)


@dataclass
class _Log:
    """The facts of a topic, in order, and how far the group has committed."""

    facts: list[Incoming] = field(default_factory=list)
    committed: int = 0
    reached: int = 0


@pytest.fixture(scope="module")
def stage(postgres: PostgresServer) -> Iterator[_Stage]:
    with asyncio.Runner(loop_factory=asyncio.new_event_loop) as runner:
        made = Databases(postgres)
        url = runner.run(made.blank(tables.metadata, ledger.metadata))
        database = open_database(url, lock_timeout_ms=50)
        yield _Stage(runner, database)
        runner.run(database.close())
        runner.run(made.drop_all())


class ParkingMachine(RuleBasedStateMachine):
    """What may happen to the messages of a few keys."""

    def __init__(self, stage: _Stage, *, has_inbox: bool) -> None:
        super().__init__()
        self.stage = stage
        self.has_inbox = has_inbox
        self.listener = Listener()
        self.keys = [new_id() for _ in range(_KEYS)]
        self.versions = dict.fromkeys(self.keys, 0)
        self.poison: set[UUID] = set()
        self.given_up: set[UUID] = set()
        self.tried: set[UUID] = set()
        self.log = _Log()
        self.takers = [self._taker() for _ in range(_WORKERS)]
        stage.run(self._empty())

    def _taker(self) -> Effects:
        taker = Effects(self.listener.reactions, self.stage.database, SystemClock(), limits=_PATIENCE)
        if not self.has_inbox:
            taker._take_from_inbox = _everything
        react = taker._react  # what a batch and a trying again have in common

        async def noting(session: AsyncSession, incoming: Incoming) -> None:
            self.tried.add(incoming.message_id)
            await react(session, incoming)

        taker._react = noting  # type: ignore[method-assign]  # the fault that is tried here
        return taker

    async def _empty(self) -> None:
        async with self.stage.database.engine.begin() as connection:
            for table in ("ledger", "inbox", "dead_letters", "parked_keys"):
                await connection.exec_driver_sql(f"DELETE FROM {table}")  # noqa: S608 - our own names

    # What the owner tells.

    @rule(key=keys, count=st.integers(1, 3))
    def facts_come(self, key: int, count: int) -> None:
        for _ in range(count):
            self._append(key)

    @rule(key=keys)
    def an_unreadable_fact_comes(self, key: int) -> None:
        self.poison.add(self._append(key, value=b"{").message_id)

    def _append(self, key: int, **changes: Any) -> Incoming:  # noqa: ANN401 - fields of the record
        subject = self.keys[key]
        self.versions[subject] += 1
        record = a_record(a_message(BookingChanged, booking_id=subject), version=self.versions[subject])
        incoming = read_record(replace(record, offset=len(self.log.facts), **changes), BOOKINGS)
        self.log.facts.append(incoming)
        return incoming

    @rule(key=keys)
    def reactions_break(self, key: int) -> None:
        self.listener.failing[self.keys[key]] = ValueError("a bug")

    @rule(key=keys)
    def the_database_is_away(self, key: int) -> None:
        self.listener.failing[self.keys[key]] = ConnectionResetError()

    @rule(key=keys)
    def a_reference_is_missing(self, key: int) -> None:
        self.listener.awaited.add(self.keys[key])

    @rule(key=keys, worker=workers, count=st.integers(2, 4))
    def a_key_is_parked(self, key: int, worker: int, count: int) -> None:
        self.reactions_break(key)
        self.facts_come(key, count)
        self.stage.run(self._take(worker, 0, 12, owns=True))

    @rule()
    def everything_is_mended(self) -> None:
        self.listener.failing.clear()
        self.listener.awaited.clear()

    # What workers and operators do.

    @rule(worker=workers, back=back, size=sizes, owns=st.booleans())
    def a_worker_takes(self, worker: int, back: int, size: int, owns: bool) -> None:  # noqa: FBT001 - drawn
        self.stage.run(self._take(worker, back, size, owns=owns))

    @rule(worker=workers)
    def a_worker_tries_again(self, worker: int) -> None:
        self.stage.run(self._retries(worker).run_due())

    @rule(key=keys)
    def the_first_is_asked_for(self, key: int) -> None:
        self.stage.run(self._ask(key))

    @rule(key=keys)
    def the_first_is_given_up(self, key: int) -> None:
        self.stage.run(self._give_up(key))

    @rule(worker=workers, size=sizes)
    def a_worker_is_overtaken(self, worker: int, size: int) -> None:
        """Between its look at parked keys and its taking of ids, the other takes the same, and all is mended."""
        self.stage.run(self._overtaken(worker, size))

    @rule(key=keys, worker=workers, broken=st.booleans())
    def an_operator_comes_between_failing_and_noting(self, key: int, worker: int, broken: bool) -> None:  # noqa: FBT001 - a case of the test
        self.stage.run(self._between(key, worker, broken=broken))

    @rule(worker=workers, table=st.sampled_from(["ledger", "inbox", "dead_letters", "parked_keys"]))
    def locks_are_not_got(self, worker: int, table: str) -> None:
        self.stage.run(self._locked_out(worker, table))

    @rule(size=sizes, key=keys)
    def all_at_once(self, size: int, key: int) -> None:
        async def at_once() -> None:
            await asyncio.gather(
                self._take(0, 0, size, owns=False),
                self._take(1, size, size * 2, owns=False),
                _unless_another_is_at_it(self._retries(0).run_due()),
                _unless_another_is_at_it(self._retries(1).run_due()),
                _unless_another_is_at_it(self._give_up(key)),
            )

        self.stage.run(at_once())

    def _retries(self, worker: int) -> Retries:
        return Retries(self.stage.database, {EFFECTS: self.takers[worker]}, self.listener.reactions.ignored)

    async def _take(self, worker: int, back: int, size: int, *, owns: bool) -> None:
        """Take from up to `back` before the committed offset on; who no longer owns the partition commits none."""
        start = max(0, self.log.committed - back)
        batch = self.log.facts[start : start + size]
        if not batch:
            return
        done = (await self.takers[worker].take(batch)).done
        self.log.reached = max(self.log.reached, start + done)
        if owns:
            self.log.committed = max(self.log.committed, start + done)

    async def _first(self, key: int) -> Any:  # noqa: ANN401 - a row
        rows = await rows_of(
            self.stage.database,
            "SELECT id, message_id FROM dead_letters WHERE key = :key AND settled_at IS NULL ORDER BY id LIMIT 1",
            key=str(self.keys[key]),
        )
        return rows[0] if rows else None

    async def _ask(self, key: int) -> None:
        if (first := await self._first(key)) is None:
            return
        with suppress(NotFound, Conflict):
            async with self.stage.database.sessions() as session, session.begin():
                await ask_replay(session, first.id, by=Decider(name="operator"))

    async def _give_up(self, key: int) -> None:
        if (first := await self._first(key)) is None:
            return
        with suppress(NotFound, Conflict):
            async with self.stage.database.sessions() as session, session.begin():
                await discard(session, first.id, by=Decider(name="operator"), reason="sent twice")
            self.given_up.add(first.message_id)

    async def _overtaken(self, worker: int, size: int) -> None:
        taker, other = self.takers[worker], self.takers[1 - worker]
        take_from_inbox = taker._take_from_inbox
        batch = self.log.facts[self.log.committed : self.log.committed + size]

        async def after_the_other(session: AsyncSession, consumer: str, ids: Sequence[UUID]) -> set[UUID]:
            taker._take_from_inbox = take_from_inbox
            done = (await other.take(batch[:1])).done
            self.log.reached = max(self.log.reached, self.log.committed + done)
            self.everything_is_mended()
            return await take_from_inbox(session, consumer, ids)

        taker._take_from_inbox = after_the_other
        await self._take(worker, 0, size, owns=True)
        taker._take_from_inbox = take_from_inbox

    async def _between(self, key: int, worker: int, *, broken: bool) -> None:
        retries = self._retries(worker)
        note_failure = retries._note_failure

        async def after_the_operator(*failure: Any) -> None:  # noqa: ANN401 - handed on
            await self._give_up(key)
            await note_failure(*failure)

        if broken:
            self.reactions_break(key)
        await self._ask(key)
        retries._note_failure = after_the_operator  # type: ignore[method-assign, assignment]  # the fault that is tried here
        await retries.run_key(EFFECTS, BOOKINGS.name, str(self.keys[key]))

    async def _locked_out(self, worker: int, table: str) -> None:
        async with self.stage.database.engine.begin() as connection:
            await connection.exec_driver_sql(f"LOCK TABLE {table} IN SHARE MODE")
            await self._take(worker, 3, 4, owns=True)
        await self._take(worker, 3, 4, owns=True)

    @invariant()
    def what_took_effect_is_a_beginning_of_the_sequential_apply(self) -> None:
        applied = self.stage.run(self._applied())
        for key in self.keys:
            expected = self._sequential(key)
            assert applied[key] == expected[: len(applied[key])], f"{applied[key]} of {expected}"

    @invariant()
    def each_message_taken_is_applied_or_set_aside(self) -> None:
        letters = self.stage.run(rows_of(self.stage.database, "SELECT message_id, settled_at FROM dead_letters"))
        waiting = {letter.message_id for letter in letters if letter.settled_at is None}
        assert len({letter.message_id for letter in letters}) == len(letters), "set aside twice"
        applied = self.stage.run(self._applied())
        for incoming in self.log.facts[: self.log.reached]:
            took_effect = self._version(incoming) in applied[UUID(incoming.key)]
            ends = [took_effect, incoming.message_id in waiting, incoming.message_id in self.given_up]
            assert ends.count(True) == 1, f"effect, waiting, given up: {ends}"

    @invariant()
    def a_key_is_marked_while_a_message_of_it_waits(self) -> None:
        marked = self.stage.run(rows_of(self.stage.database, "SELECT key FROM parked_keys"))
        letters = self.stage.run(rows_of(self.stage.database, "SELECT key FROM dead_letters WHERE settled_at IS NULL"))
        assert {row.key for row in marked} == {row.key for row in letters}

    @invariant()
    def what_waits_has_failed_or_is_tried_again(self) -> None:
        """The first of a key was tried and has failed, or has a time to be tried at: no key is forgotten."""
        firsts = """SELECT DISTINCT ON (key) standing, retry_at, message_id FROM dead_letters
                     WHERE settled_at IS NULL ORDER BY key, id"""
        for first in self.stage.run(rows_of(self.stage.database, firsts)):
            if first.retry_at is None:
                assert first.standing == "failed"
                assert first.message_id in self.tried | self.poison, "it failed without having been tried"

    def _sequential(self, key: UUID) -> list[int]:
        return [
            self._version(each)
            for each in self.log.facts
            if each.key == str(key) and each.message_id not in self.given_up
        ]

    @staticmethod
    def _version(incoming: Incoming) -> int:
        assert incoming.envelope is not None
        return incoming.envelope.version

    async def _applied(self) -> dict[UUID, list[int]]:
        rows = await noted(self.stage.database)
        return {key: [version for each, version in rows if each == key] for key in self.keys}

    def teardown(self) -> None:
        """Once all is mended, everything is taken and settled, and nothing is missing."""
        self.everything_is_mended()
        self.stage.run(self._settle_everything())
        applied = self.stage.run(self._applied())
        assert applied == {key: self._sequential(key) for key in self.keys}
        assert self.stage.run(rows_of(self.stage.database, "SELECT key FROM parked_keys")) == []

    async def _settle_everything(self) -> None:
        for _ in range(_MOST_ROUNDS):
            await self._take(0, 0, 20, owns=True)
            for key in range(_KEYS):
                first = await self._first(key)
                if first is not None and first.message_id in self.poison:
                    await self._give_up(key)
                elif first is not None:
                    await self._ask(key)
            await self._retries(1).run_due()
            if self.log.committed == len(self.log.facts) and not any([await self._first(key) for key in range(_KEYS)]):
                return
        raise AssertionError("what was set aside cannot be settled")


async def _unless_another_is_at_it(work: Coroutine[Any, Any, Any]) -> None:
    try:
        await work
    except DBAPIError as error:
        if not is_transient(error):
            raise


async def _everything(session: AsyncSession, consumer: str, ids: Sequence[UUID]) -> set[UUID]:
    del session, consumer
    return set(ids)


_BOUNDS = settings(
    max_examples=25,
    stateful_step_count=30,
    deadline=None,
    print_blob=True,
    database=None,
    phases=[Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


def _machine(stage: _Stage, *, has_inbox: bool = True) -> type[RuleBasedStateMachine]:
    """Return the machine of a stage, as a class: hypothesis makes one for each example."""

    class OnStage(ParkingMachine):
        def __init__(self) -> None:
            super().__init__(stage, has_inbox=has_inbox)

    return OnStage


@pytest.mark.timeout(300)
def test_parking_is_a_sequential_apply(stage: _Stage) -> None:
    run_state_machine_as_test(_machine(stage), settings=_BOUNDS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("off", ["inbox", "look_at_parked"])
def test_with_a_guard_off_the_machine_finds_the_fault(stage: _Stage, off: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if off == "look_at_parked":

        async def none_parked(*_asked: object) -> set[inbox.KeyOnTopic]:
            return set()

        monkeypatch.setattr(inbox, "lock_parked", none_parked)
    bounds = settings(_BOUNDS, phases=[Phase.generate], max_examples=100, derandomize=True, report_multiple_bugs=False)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(_machine(stage, has_inbox=off != "inbox"), settings=bounds)
