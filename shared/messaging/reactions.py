"""What a service does with what others tell: reactions to facts, copies of states, and timers of its own.

Each is a list made at import and run by the worker. A reaction never commits: it shares its transaction with the inbox
row (and, in a batch, with other reactions), so what it does happens once or not at all.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from shared.contracts.envelope import Envelope
from shared.contracts.facts import Fact, Message, State
from shared.contracts.registry import messages_on
from shared.contracts.topics import Topic
from shared.kernel.clock import Clock


class NotYetKnown(Exception):  # noqa: N818 - not an error: something that is on its way
    """Raised by a reaction that refers to something whose copy has not come yet.

    The message and those of its key that follow wait, and are tried again until the copy comes or the limit is over.
    A reference to something erased is not this: ask `shared.messaging.copies.is_erased`.
    """

    def __init__(self, kind: str, key: UUID) -> None:
        self.kind = kind
        self.key = key
        super().__init__(f"{kind} {key} is not yet known")


@dataclass(frozen=True, slots=True)
class Delivery:
    """What a reaction works with. Read the clock after locking. `envelope` is None in a timer."""

    session: AsyncSession
    clock: Clock
    envelope: Envelope | None = None


FactT = TypeVar("FactT", bound=Fact)
StateT = TypeVar("StateT", bound=State)
React = Callable[[Delivery, FactT], Awaitable[None]]
CopyState = Callable[[Delivery, StateT], Awaitable[None]]
EraseCopy = Callable[[Delivery, UUID], Awaitable[None]]
FindDue = Callable[[AsyncSession, datetime, int], Awaitable[Sequence[UUID]]]
RunDue = Callable[[Delivery, UUID], Awaitable[None]]
WalkStates = Callable[[AsyncSession, UUID | None, int], Awaitable[Sequence[tuple[UUID, int, State | None]]]]


class Reactions:
    """The facts that a service acts on: one coroutine for each type."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.handlers: dict[type[Fact], React[Any]] = {}
        self.ignored: set[type[Fact]] = set()

    def on(self, fact: type[FactT]) -> Callable[[React[FactT]], React[FactT]]:
        """Call the decorated coroutine once for each fact of this type."""

        def keep(react: React[FactT]) -> React[FactT]:
            _once(self, fact, fact in self.handlers or fact in self.ignored)
            self.handlers[fact] = react
            return react

        return keep

    def ignore(self, *facts: type[Fact]) -> None:
        """Say that these are known and of no interest here; a type that is not known raises an alarm."""
        for fact in facts:
            _once(self, fact, fact in self.handlers or fact in self.ignored)
            self.ignored.add(fact)

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics of the facts acted on, by name."""
        return _topics(self.handlers)

    def check_complete(self) -> None:
        """Raise TypeError where a fact of a topic that is read is neither acted on nor ignored."""
        _complete(self, self.topics, {*self.handlers, *self.ignored})


class Copies:
    """The states that a service keeps copies of."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.keepers: dict[type[State], CopyState[Any]] = {}
        self.erasers: dict[type[State], EraseCopy] = {}

    def of(self, state: type[StateT]) -> Callable[[CopyState[StateT]], CopyState[StateT]]:
        """Call the decorated coroutine with each state whose version is above all seen, graves included."""

        def keep(copy: CopyState[StateT]) -> CopyState[StateT]:
            _once(self, state, state in self.keepers)
            self.keepers[state] = copy
            return copy

        return keep

    def gone(self, state: type[State]) -> Callable[[EraseCopy], EraseCopy]:
        """Call the decorated coroutine when the owner has erased one; there may be no copy of it."""

        def keep(erase: EraseCopy) -> EraseCopy:
            _once(self, state, state in self.erasers)
            self.erasers[state] = erase
            return erase

        return keep

    @property
    def topics(self) -> tuple[Topic, ...]:
        """The topics of the states copied, by name."""
        return _topics(self.keepers)

    def check_complete(self) -> None:
        """Raise TypeError where a state has no `of` or no `gone`, or one on a topic that is read is left out."""
        if missing := set(self.keepers) ^ set(self.erasers):
            raise TypeError(f"{self.service}: {_names(missing)} needs both @of and @gone")
        _complete(self, self.topics, set(self.keepers))


@dataclass(frozen=True, slots=True)
class Timer:
    """Something that time causes: how to find the rows that are due, and what to do with one."""

    name: str
    find: FindDue
    run: RunDue


class Timers:
    """What time causes in a service."""

    def __init__(self, service: str) -> None:
        self.service = service
        self.timers: dict[str, Timer] = {}

    def due(self, name: str, *, find: FindDue) -> Callable[[RunDue], RunDue]:
        """Call the decorated coroutine for each id that `find(session, now, limit)` gives, each in a transaction.

        The coroutine locks the row in the common order and checks again that it is due: two workers may find it.
        """

        def keep(run: RunDue) -> RunDue:
            if name in self.timers:
                raise TypeError(f"{self.service}: there are two timers {name}")
            self.timers[name] = Timer(name, find, run)
            return run

        return keep


@dataclass(frozen=True, slots=True)
class StateSource:
    """How `kurslots republish` reads every state of a topic again.

    `walk(session, after, limit)` gives up to `limit` of (key, version, state) with key above `after`, by key, and
    locks the rows it reads (`FOR SHARE`): a change that comes meanwhile must be published after, not before. A state
    of None is left out (a grave is published from the table of graves).
    """

    state: type[State]
    walk: WalkStates


def _once(owner: Reactions | Copies, message: type[Message], taken: object) -> None:
    if taken:
        raise TypeError(f"{owner.service}: {message.__name__} is there already")


def _topics(messages: Mapping[Any, object]) -> tuple[Topic, ...]:
    return tuple(sorted({message.topic for message in messages}, key=lambda topic: topic.name))


def _complete(owner: Reactions | Copies, topics: Sequence[Topic], known: set[Any]) -> None:
    missing = {message for topic in topics for message in messages_on(topic)} - known
    if missing:
        raise TypeError(f"{owner.service}: nothing is said about {_names(missing)}; act on it, or ignore it")


def _names(messages: set[Any]) -> str:
    return ", ".join(sorted(message.__name__ for message in messages))
