"""What the waiting list promises, for lists and seats that hypothesis makes up; and that each promise can be broken.

Each property is a function that says what is wrong with a walk, so that the same one is held against the real walk and
against one with that guard off, in which hypothesis must find something wrong.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import Phase, find, given, settings
from hypothesis import strategies as st
from hypothesis.errors import NoSuchExample

from services.booking.seats.rules import Offer, Room, Turn, Waiting, Walk, Why, in_line, offer_until, walk, warned_at

NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
MOST_PASSES = 3
Walker = Callable[[Sequence[Waiting], Room], Walk]


@dataclass(frozen=True)
class Case:
    """A list as it stands, and what is free."""

    entries: tuple[Waiting, ...]
    room: Room


@st.composite
def cases(draw: st.DrawFn) -> Case:
    employers = [UUID(int=number) for number in range(1, draw(st.integers(1, 6)) + 1)]
    entries = []
    for number in range(draw(st.integers(0, 9))):
        seats = draw(st.integers(1, 8))
        entries.append(
            Waiting(
                id=UUID(int=100 + number),
                employer_id=draw(st.sampled_from(employers)),
                seats=seats,
                least=draw(st.sampled_from([seats, draw(st.integers(1, seats))])),
                priority=draw(st.sampled_from([turn.priority for turn in Turn])),
                joined_at=NOW + timedelta(minutes=draw(st.integers(0, 4))),
                passed=draw(st.integers(0, MOST_PASSES)),
            )
        )
    capacity = draw(st.integers(0, 12))
    kept = draw(st.dictionaries(st.sampled_from(employers), st.integers(0, 4), max_size=2))
    caps = draw(st.dictionaries(st.sampled_from(employers), st.integers(0, 6), max_size=3))
    together = draw(st.dictionaries(st.sampled_from(employers), st.sampled_from(["one group", "another"]), max_size=4))
    shared = {key: draw(st.integers(0, 8)) for key in sorted(set(together.values()))}
    return Case(tuple(entries), Room(draw(st.integers(0, capacity)), capacity, kept, caps, together, shared))


def the_walk(entries: Sequence[Waiting], room: Room) -> Walk:
    return walk(entries, room, most_passes=MOST_PASSES)


def oversells(case: Case, walker: Walker) -> bool:
    offers = walker(case.entries, case.room).offers
    by_employer: dict[UUID, tuple[int, int]] = {}
    for offer in offers:
        kept, opened = by_employer.get(offer.entry.employer_id, (0, 0))
        by_employer[offer.entry.employer_id] = (kept + offer.kept, opened + offer.open)
    return sum(offer.open for offer in offers) > case.room.open or any(
        kept > case.room.kept.get(employer, 0) or opened > case.room.caps.get(employer, opened)
        for employer, (kept, opened) in by_employer.items()
    )


def gives_an_undertaking_more_than_its_cap(case: Case, walker: Walker) -> bool:
    taken = dict.fromkeys(case.room.shared_caps, 0)
    for offer in walker(case.entries, case.room).offers:
        if (key := case.room.undertakings.get(offer.entry.employer_id)) is not None:
            taken[key] += offer.open
    return any(taken[key] > cap for key, cap in case.room.shared_caps.items())


def splits_a_group(case: Case, walker: Walker) -> bool:
    offers = walker(case.entries, case.room).offers
    return any(not offer.entry.least <= offer.seats <= offer.entry.seats for offer in offers)


def passes_too_often(case: Case, walker: Walker) -> bool:
    passed = walker(case.entries, case.room).passed
    return any(entry.passed + passed.get(entry.id, 0) > MOST_PASSES for entry in case.entries)


def passes_without_counting(case: Case, walker: Walker) -> bool:
    decided = walker(case.entries, case.room)
    line = [entry.id for entry in in_line(case.entries)]
    could_fit = {key for key, why in decided.waits.items() if why in (Why.TOO_FEW_FREE, Why.KEPT_FOR_ANOTHER)}
    found = dict.fromkeys(could_fit, 0)
    for offer in decided.offers:
        for key in line[: line.index(offer.entry.id)]:
            if key in found and offer.open:
                found[key] += 1
    return found != {key: decided.passed.get(key, 0) for key in could_fit}


def depends_on_the_order_given(case: Case, walker: Walker) -> bool:
    decided, turned = (walker(entries, case.room) for entries in (case.entries, case.entries[::-1]))
    return (list(decided.offers), decided.waits, decided.passed) != (list(turned.offers), turned.waits, turned.passed)


def offers_more_when_asked_again(case: Case, walker: Walker) -> bool:
    decided = walker(case.entries, case.room)
    offered = {offer.entry.id for offer in decided.offers}
    again = [
        replace(entry, passed=entry.passed + decided.passed.get(entry.id, 0))
        for entry in case.entries
        if entry.id not in offered
    ]
    return bool(walker(again, _left(case.room, decided.offers)).offers)


def leaves_a_seat_that_the_first_in_line_could_have(case: Case, walker: Walker) -> bool:
    """Whether the head of the list waits though it fits. Nothing is before it, so nothing may keep it waiting."""
    line = in_line(case.entries)
    if not line:
        return False
    head, room = line[0], case.room
    allowed = room.may_take(head.employer_id)
    fits = head.least <= room.kept.get(head.employer_id, 0) + min(room.open, allowed)
    return fits and head.id in walker(case.entries, case.room).waits


def _left(room: Room, offers: Sequence[Offer]) -> Room:
    kept = dict(room.kept)
    for offer in offers:
        employer = offer.entry.employer_id
        kept[employer] = kept.get(employer, 0) - offer.kept
        room = room.without(employer, offer.open)
    return replace(room, open=room.open - sum(offer.open for offer in offers), kept=kept)


def without_counting_what_is_free(entries: Sequence[Waiting], room: Room) -> Walk:
    one_by_one = [walk([entry], room, most_passes=MOST_PASSES) for entry in entries]
    return Walk([offer for each in one_by_one for offer in each.offers], {}, {})


def each_employer_alone(entries: Sequence[Waiting], room: Room) -> Walk:
    return the_walk(entries, replace(room, undertakings={}, shared_caps={}))


def seat_by_seat(entries: Sequence[Waiting], room: Room) -> Walk:
    decided = the_walk([replace(entry, least=1) for entry in entries], room)
    by_id = {entry.id: entry for entry in entries}
    return replace(decided, offers=[replace(offer, entry=by_id[offer.entry.id]) for offer in decided.offers])


def without_a_limit(entries: Sequence[Waiting], room: Room) -> Walk:
    return walk(entries, room, most_passes=1_000)


def without_a_count(entries: Sequence[Waiting], room: Room) -> Walk:
    return replace(the_walk(entries, room), passed={})


def as_given(entries: Sequence[Waiting], room: Room) -> Walk:
    numbered = [replace(entry, priority=0, joined_at=NOW + timedelta(days=at)) for at, entry in enumerate(entries)]
    return the_walk(numbered, room)


def with_a_limit_that_lasts_one_walk(entries: Sequence[Waiting], room: Room) -> Walk:
    return walk([replace(entry, passed=MOST_PASSES - 1) for entry in entries], room, most_passes=MOST_PASSES)


def last_first(entries: Sequence[Waiting], room: Room) -> Walk:
    return the_walk([replace(entry, priority=-entry.priority) for entry in entries], room)


PROMISES: Mapping[Callable[[Case, Walker], bool], Walker] = {
    oversells: without_counting_what_is_free,
    gives_an_undertaking_more_than_its_cap: each_employer_alone,
    splits_a_group: seat_by_seat,
    passes_too_often: without_a_limit,
    passes_without_counting: without_a_count,
    depends_on_the_order_given: as_given,
    offers_more_when_asked_again: with_a_limit_that_lasts_one_walk,
    leaves_a_seat_that_the_first_in_line_could_have: last_first,
}


@pytest.mark.parametrize("wrong", PROMISES, ids=lambda wrong: wrong.__name__)
@settings(deadline=None, max_examples=60)
@given(case=cases())
def test_a_walk_never(wrong: Callable[[Case, Walker], bool], case: Case) -> None:
    assert not wrong(case, the_walk)


@pytest.mark.parametrize("wrong", PROMISES, ids=lambda wrong: wrong.__name__)
def test_control_with_its_guard_off_a_walk(wrong: Callable[[Case, Walker], bool]) -> None:
    guard_off = PROMISES[wrong]
    finding = settings(max_examples=5_000, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
    try:
        found = find(cases(), lambda case: wrong(case, guard_off), settings=finding)
    except NoSuchExample:
        pytest.fail(f"{wrong.__name__} is not found though the guard is off: the property cannot fail")
    assert wrong(found, guard_off)


def wait_of_the_large(groups: Sequence[int], *, large: int, capacity: int, most_passes: int) -> int:
    """Return after how many freed seats a large group gets in, while small ones never cease to join; 0 for never.

    One seat is freed at a time, of whoever has had one longest; what is not offered stays free.
    """
    first = Waiting(UUID(int=1), UUID(int=1), large, large, 1, NOW)
    entries, free, taken = [first], 0, capacity
    for turn in range(20 * capacity):
        joined = NOW + timedelta(minutes=turn + 1)
        seats = groups[turn % len(groups)]
        entries.append(Waiting(UUID(int=turn + 2), UUID(int=turn + 2), seats, seats, 1, joined))
        if taken:
            free, taken = free + 1, taken - 1
        decided = walk(entries, Room(free, capacity, {}, {}), most_passes=most_passes)
        offered = {offer.entry.id for offer in decided.offers}
        if first.id in offered:
            return turn + 1
        entries = [
            replace(entry, passed=entry.passed + decided.passed.get(entry.id, 0))
            for entry in entries
            if entry.id not in offered
        ]
        held = sum(offer.seats for offer in decided.offers)
        free, taken = free - held, taken + held
    return 0


@settings(deadline=None, max_examples=60)
@given(
    groups=st.lists(st.integers(1, 3), min_size=1, max_size=5),
    capacity=st.integers(1, 12),
    large=st.integers(1, 12),
    most_passes=st.integers(0, 5),
)
def test_whoever_fits_the_run_gets_in_as_seats_keep_being_freed(
    groups: list[int], capacity: int, large: int, most_passes: int
) -> None:
    large = min(large, capacity)
    turns = wait_of_the_large(groups, large=large, capacity=capacity, most_passes=most_passes)
    assert 0 < turns <= large + 3 * most_passes + 3


def test_control_without_the_limit_a_large_group_waits_for_ever() -> None:
    assert wait_of_the_large([1], large=4, capacity=8, most_passes=10**9) == 0
    assert wait_of_the_large([1], large=4, capacity=8, most_passes=3) == 7


@given(hours=st.integers(1, 500), minutes=st.integers(1, 60 * 24 * 30))
def test_an_offer_is_warned_of_before_it_ends_and_ends_before_the_run_begins(hours: int, minutes: int) -> None:
    starts_at = NOW + timedelta(minutes=minutes)
    until = offer_until(NOW, hours, starts_at)
    assert NOW < warned_at(NOW, until) < until <= starts_at
    assert until - NOW <= timedelta(hours=hours)
    assert until - warned_at(NOW, until) <= timedelta(hours=6)
