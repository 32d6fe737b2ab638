"""The machines of a contract and its lines, and what must hold of their amounts and times."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from shared.kernel.errors import InvalidInput
from shared.kernel.money import Money
from shared.kernel.states import Moves
from shared.kernel.texts import N_

LONGEST_MEETING_HOURS: Final = 24


class ContractKind(StrEnum):
    """What binds buyer and supplier. Only single contracts are made so far."""

    SINGLE = "single"
    FRAMEWORK = "framework"
    CALL_OFF = "call_off"


class ContractState(StrEnum):
    """Where a contract stands."""

    DRAFT = "draft"
    SIGNED = "signed"
    DISCARDED = "discarded"


CONTRACT = Moves(
    "contract",
    {
        ContractState.DRAFT: {ContractState.SIGNED, ContractState.DISCARDED},
        ContractState.SIGNED: set(),
        ContractState.DISCARDED: set(),
    },
)


class LineState(StrEnum):
    """Where a line of a contract stands; one order makes one run."""

    AGREED = "agreed"
    ORDERED = "ordered"


LINE = Moves("contract_line", {LineState.AGREED: {LineState.ORDERED}, LineState.ORDERED: set()})


class MeetingMode(StrEnum):
    """How a meeting is held."""

    PHYSICAL = "physical"
    DIGITAL = "digital"
    BOTH = "both"


def check_term(starts_on: date, ends_on: date) -> None:
    """Raise InvalidInput where the contract would end before it starts."""
    if ends_on < starts_on:
        raise InvalidInput(
            N_("The contract would end {ends_on}, before it starts {starts_on}."),
            code="term_reversed",
            field="ends_on",
            ends_on=ends_on,
            starts_on=starts_on,
        )


def check_prices(prices_ore: Sequence[int], value_ore: int) -> None:
    """Raise InvalidInput where the lines cost more than the contract is worth."""
    if sum(prices_ore) > value_ore:
        raise InvalidInput(
            N_("The lines cost {lines} together, more than the contract's value of {value}."),
            code="lines_above_value",
            field="lines",
            lines=Money(sum(prices_ore)),
            value=Money(value_ore),
        )


def check_meetings(meetings: Sequence[tuple[datetime, datetime]], *, now: datetime) -> None:
    """Raise InvalidInput unless meetings are ahead, end after they start within a day, and do not overlap."""
    ordered = sorted(meetings)
    for place, (starts_at, ends_at) in enumerate(ordered):
        hours = (ends_at - starts_at).total_seconds() / 3600
        if starts_at <= now or not 0 < hours <= LONGEST_MEETING_HOURS:
            raise InvalidInput(
                N_("The meeting {starts_at} must be ahead, and end within a day after it starts."),
                code="meeting_off",
                field="meetings",
                starts_at=starts_at,
            )
        if place and ordered[place - 1][1] > starts_at:
            raise InvalidInput(
                N_("The meeting {starts_at} begins before the one before it ends."),
                code="meetings_overlap",
                field="meetings",
                starts_at=starts_at,
            )


def check_seats(asked: Sequence[int], seats: int) -> None:
    """Raise InvalidInput where more seats are kept for requests than the line has."""
    if sum(asked) > seats:
        raise InvalidInput(
            N_("{asked} seats are ordered for the requests; the line has {seats}."),
            code="seats_above_line",
            field="requests",
            asked=sum(asked),
            seats=seats,
        )
