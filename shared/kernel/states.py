"""State machines as data: buttons, CHECKs, diagrams and the test of every pair follow from one table."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Generic, TypeVar

from shared.kernel.errors import Conflict
from shared.kernel.texts import N_

S = TypeVar("S", bound=StrEnum)


class Moves(Generic[S]):
    """The moves that a thing may make between its states.

    >>> class Door(StrEnum):
    ...     OPEN = "open"
    ...     SHUT = "shut"
    >>> DOOR = Moves("door", {Door.OPEN: {Door.SHUT}, Door.SHUT: set()})
    >>> DOOR.check(Door.OPEN, Door.SHUT)
    """

    def __init__(self, name: str, moves: Mapping[S, set[S]]) -> None:
        states = type(next(iter(moves)))
        missing = [state.value for state in states if state not in moves]
        if missing:
            raise ValueError(f"the machine {name} says nothing of {', '.join(missing)}")
        self.name = name
        self._moves = {state: frozenset(targets) for state, targets in moves.items()}

    @property
    def states(self) -> tuple[S, ...]:
        """All states, in the order of the enum."""
        return tuple(type(next(iter(self._moves))))

    def next(self, state: S) -> frozenset[S]:
        """The states that can follow `state`."""
        return self._moves[state]

    def allows(self, before: S, after: S) -> bool:
        """Whether the move exists."""
        return after in self._moves[before]

    def check(self, before: S, after: S) -> None:
        """Raise Conflict unless the move exists. Staying where one is counts as a move and must be listed."""
        if self.allows(before, after):
            return
        raise Conflict(
            N_("This cannot go from “{before}” to “{after}”. Reload to see how it stands and what can be done now."),
            code=f"{self.name}_cannot_move",
            before=before.value,
            after=after.value,
        )

    def final(self) -> frozenset[S]:
        """The states that nothing follows."""
        return frozenset(state for state, targets in self._moves.items() if not targets)

    def mermaid(self) -> str:
        """The machine as a Mermaid state diagram, the first state of the enum being where it starts."""
        lines = ["stateDiagram-v2", f"    [*] --> {self.states[0].value}"]
        for state in self.states:
            lines += [f"    {state.value} --> {after.value}" for after in self.states if self.allows(state, after)]
            if not self._moves[state]:
                lines.append(f"    {state.value} --> [*]")
        return "\n".join(lines) + "\n"


def state_check(column: str, states: type[StrEnum]) -> str:
    """The SQL condition that `column` holds one of the states."""
    return f"{column} IN ({', '.join(repr(state.value) for state in states)})"
