"""How seats are taken from pools, and who of those that wait is offered seats that are free, over plain values.

A booking takes its employer's own kept seats first, then open ones. The waiting list is walked from its head: an entry
that fits is offered its seats; one that does not is blocked, and a later one may pass it only while it has been passed
fewer than `most_passes` times. After that every freed seat is kept for it.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from shared.kernel.errors import InvalidInput, Refused
from shared.kernel.states import Moves
from shared.kernel.texts import N_

LONGEST_WARNING: Final = timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Split:
    """How many seats come from the employer's kept pool and how many from the open one."""

    kept: int
    open: int


def split_seats(asked: int, *, kept_free: int, open_free: int) -> Split | None:
    """Return where the seats come from, kept ones first; None where there are too few in all."""
    kept = min(asked, kept_free)
    rest = asked - kept
    return Split(kept, rest) if rest <= open_free else None


def share_out(capacity: int, kept: Mapping[UUID, int]) -> tuple[Mapping[UUID, int], int]:
    """Return the kept seats of each employer that has any, and how many are left open to all.

    Raises InvalidInput where more would be kept than the run has.
    """
    held = {employer_id: seats for employer_id, seats in kept.items() if seats > 0}
    kept_in_all = sum(held.values())
    if kept_in_all > capacity:
        raise InvalidInput(
            N_("{kept} seats would be kept, but the run has {capacity}. Keep fewer, or raise the capacity."),
            code="kept_above_capacity",
            field="capacity",
            kept=kept_in_all,
            capacity=capacity,
        )
    return held, capacity - kept_in_all


def check_kept(wished: int, *, kept_capacity: int, kept_taken: int, open_free: int, waiting: int = 0) -> None:
    """Raise Refused where an employer's kept seats cannot become `wished`: some are taken, or too few are open.

    Open seats that others wait for are not kept for somebody either: that would pass the whole queue by.
    """
    if waiting and wished > kept_capacity:
        raise Refused(
            N_(
                "{waiting} groups wait for the open seats. Give the employer's group another turn in the queue instead."
            ),
            code="others_wait",
            field="seats",
            waiting=waiting,
        )
    if wished < kept_taken:
        raise Refused(
            N_("{taken} of the kept seats are booked, so at least {taken} must stay kept; {wished} were asked for."),
            code="kept_seats_taken",
            taken=kept_taken,
            wished=wished,
        )
    if wished - kept_capacity > open_free:
        raise Refused(
            N_("Only {free} open seats are free to be kept; {asked} more were asked for. Keep fewer."),
            code="too_few_open",
            free=open_free,
            asked=wished - kept_capacity,
        )


def check_capacity(wished: int, *, capacity: int, kept: int, open_taken: int) -> None:
    """Raise Refused where a run cannot have `wished` seats: it has them already, or more are kept or taken."""
    if wished == capacity:
        raise Refused(N_("The run has {capacity} seats already."), code="capacity_unchanged", capacity=capacity)
    least = kept + open_taken
    if wished < least:
        raise Refused(
            N_(
                "{kept} seats are kept for employers and {taken} open ones are booked or offered, so there must be at "
                "least {least}; {wished} were asked for."
            ),
            code="capacity_taken",
            field="capacity",
            kept=kept,
            taken=open_taken,
            least=least,
            wished=wished,
        )


class EntryState(StrEnum):
    """What has been decided about an entry of the waiting list."""

    WAITING = "waiting"
    OFFERED = "offered"
    BOOKED = "booked"
    LEFT = "left"
    LAPSED = "lapsed"
    CLOSED = "closed"


# staying in line is a move by the lead; lapsed: the offer was not answered in time; closed: with the run
ENTRY: Final = Moves(
    "waiting_entry",
    {
        EntryState.WAITING: {EntryState.WAITING, EntryState.OFFERED, EntryState.LEFT, EntryState.CLOSED},
        EntryState.OFFERED: {EntryState.BOOKED, EntryState.LEFT, EntryState.LAPSED, EntryState.CLOSED},
        EntryState.BOOKED: set(),
        EntryState.LEFT: set(),
        EntryState.LAPSED: set(),
        EntryState.CLOSED: set(),
    },
)


class OfferState(StrEnum):
    """What became of an offer of seats; while it is open it holds them."""

    OPEN = "open"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


OFFER: Final = Moves(
    "seat_offer",
    {
        OfferState.OPEN: {OfferState.ACCEPTED, OfferState.DECLINED, OfferState.EXPIRED, OfferState.WITHDRAWN},
        OfferState.ACCEPTED: set(),
        OfferState.DECLINED: set(),
        OfferState.EXPIRED: set(),
        OfferState.WITHDRAWN: set(),
    },
)


class Turn(StrEnum):
    """The class in which an entry stands: everyone joins the ordinary one, and the lead may put it in another."""

    FIRST = "first"
    ORDINARY = "ordinary"
    LAST = "last"

    @property
    def priority(self) -> int:
        """Where the class comes among the others; the lowest first."""
        return tuple(Turn).index(self)


class Why(StrEnum):
    """Why an entry waits on."""

    TOO_FEW_FREE = "too_few_free"
    KEPT_FOR_ANOTHER = "kept_for_another"
    OVER_CAP = "over_cap"
    NEVER_FITS = "never_fits"


@dataclass(frozen=True, slots=True)
class Waiting:
    """A group in the list: it takes `seats`, or at least `least` of them. A lower `priority` comes first."""

    id: UUID
    employer_id: UUID
    seats: int
    least: int
    priority: int
    joined_at: datetime
    passed: int = 0

    @property
    def place(self) -> tuple[int, datetime, UUID]:
        """What orders the list."""
        return self.priority, self.joined_at, self.id


@dataclass(frozen=True, slots=True)
class Room:
    """What is free: open seats, seats kept for single employers, and how many open ones an employer may still take.

    `capacity` is all open seats that there are: who needs more than that can never come in. Where the run caps
    undertakings, `undertakings` says to which each employer belongs, and `shared_caps` how many it may still take.
    """

    open: int
    capacity: int
    kept: Mapping[UUID, int]
    caps: Mapping[UUID, int]
    undertakings: Mapping[UUID, str] = field(default_factory=dict)
    shared_caps: Mapping[str, int] = field(default_factory=dict)

    def may_take(self, employer_id: UUID) -> int:
        """Return how many open seats the employer may still take, were they free."""
        shared = self.shared_caps.get(self.undertakings.get(employer_id, ""), self.capacity)
        return min(self.caps.get(employer_id, self.capacity), shared)

    def without(self, employer_id: UUID, seats: int) -> "Room":
        """Return what the caps leave once the employer has taken so many open seats."""
        caps, shared_caps = dict(self.caps), dict(self.shared_caps)
        caps[employer_id] = caps.get(employer_id, self.capacity) - seats
        if (undertaking := self.undertakings.get(employer_id)) in shared_caps:
            shared_caps[undertaking] -= seats
        return replace(self, caps=caps, shared_caps=shared_caps)


@dataclass(frozen=True, slots=True)
class Offer:
    """Seats to hold for an entry: so many of its employer's own, so many open ones; and whom it passes."""

    entry: Waiting
    kept: int
    open: int
    passes: tuple[UUID, ...]

    @property
    def seats(self) -> int:
        """How many it is."""
        return self.kept + self.open


@dataclass(frozen=True, slots=True)
class Walk:
    """What a walk decided: offers in order, why each of the others waits, and how often each was passed now."""

    offers: Sequence[Offer]
    waits: Mapping[UUID, Why]
    passed: Mapping[UUID, int]


def walk(entries: Collection[Waiting], room: Room, *, most_passes: int) -> Walk:
    """Decide, the same for the same input, whatever the order in which the entries are given."""
    free, kept = room.open, dict(room.kept)
    offers: list[Offer] = []
    waits: dict[UUID, Why] = {}
    blocked: dict[UUID, int] = {}  # how often each has been passed, this walk included
    for entry in in_line(entries):
        own = kept.get(entry.employer_id, 0)
        may_take = room.may_take(entry.employer_id)
        if entry.least > own + min(room.capacity, may_take):
            waits[entry.id] = Why.NEVER_FITS if entry.least > own + room.capacity else Why.OVER_CAP
            continue
        seats = min(entry.seats, own + min(free, may_take))
        if seats < entry.least:
            waits[entry.id] = Why.TOO_FEW_FREE
            blocked[entry.id] = entry.passed
            continue
        from_own = min(own, seats)
        from_open = seats - from_own
        if from_open and any(times >= most_passes for times in blocked.values()):
            waits[entry.id] = Why.KEPT_FOR_ANOTHER
            blocked[entry.id] = entry.passed
            continue
        passes = tuple(blocked) if from_open else ()
        for key in passes:
            blocked[key] += 1
        kept[entry.employer_id] = own - from_own
        room = room.without(entry.employer_id, from_open)
        free -= from_open
        offers.append(Offer(entry, from_own, from_open, passes))
    passed = {each.id: blocked[each.id] - each.passed for each in entries if each.id in blocked}
    return Walk(offers, waits, {key: times for key, times in passed.items() if times})


def in_line(entries: Collection[Waiting]) -> Sequence[Waiting]:
    """Return the entries as they stand: by class, by when they joined, and by id where that is the same."""
    return sorted(entries, key=lambda each: each.place)


def check_wish(seats: int, least: int, *, room: Room, employer_id: UUID, waiting: int) -> None:
    """Raise where a group cannot join: it would never fit, or its seats are free to be booked and nobody waits."""
    if least > seats:
        raise InvalidInput(
            N_("At least {least} seats are more than the {seats} that you ask for. Lower it, or leave it out."),
            code="least_above_seats",
            field="least",
            least=least,
            seats=seats,
        )
    own, allowed = room.kept.get(employer_id, 0), room.may_take(employer_id)
    most = own + min(room.capacity, allowed)
    if least > most:
        raise Refused(
            N_("So many seats can never be offered to you here: {most} is the most. Ask for fewer."),
            code="never_fits",
            field="seats",
            most=most,
        )
    free = own + min(room.open, allowed)
    if not waiting and seats <= free:
        raise Refused(
            N_("Nobody waits and {free} seats are free: book the seats instead of waiting for them."),
            code="seats_are_free",
            field="seats",
            free=free,
        )


def offer_until(now: datetime, hours: int, starts_at: datetime) -> datetime:
    """Return until when an offer holds its seats: the project's hours, and never after the run has begun."""
    return min(now + timedelta(hours=hours), starts_at)


def warned_at(now: datetime, until: datetime) -> datetime:
    """Return when to say that an offer is about to expire: six hours before, of a short one half of its time."""
    return until - min(LONGEST_WARNING, (until - now) / 2)


def check_open(until: datetime, now: datetime) -> None:
    """Raise Refused where an offer came to its end before it was answered."""
    if now >= until:
        raise Refused(
            N_("The offer held the seats until {until}, and that has passed. Join the queue again if you still wait."),
            code="offer_expired",
            until=until,
        )
