from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.bookings.rules import BOOKING, BookingState, HeldSeat, SeatChanges, plan_change
from shared.kernel.errors import Conflict, InvalidInput

ANNA, BO, CIM, DAG = uuid4(), uuid4(), uuid4(), uuid4()
EVERYBODY = [uuid4() for _ in range(8)]
ALLOWED = {
    (BookingState.ASKED, BookingState.ASKED),
    (BookingState.ASKED, BookingState.CONFIRMED),
    (BookingState.ASKED, BookingState.DECLINED),
    (BookingState.ASKED, BookingState.CANCELLED),
    (BookingState.CONFIRMED, BookingState.CONFIRMED),
    (BookingState.CONFIRMED, BookingState.CANCELLED),
}


def held_seats(*people: UUID | None, kept: int = 0) -> list[HeldSeat]:
    return [HeldSeat(uuid4(), number, number <= kept, person) for number, person in enumerate(people, 1)]


def after(held: list[HeldSeat], changes: SeatChanges) -> list[UUID | None]:
    names = dict(changes.named)
    stay = [names.get(seat.seat_id, seat.participant_id) for seat in held if seat.seat_id not in changes.released]
    return [*stay, *changes.added]


@pytest.mark.parametrize("before", BookingState)
@pytest.mark.parametrize("then", BookingState)
def test_a_booking_moves_only_as_its_table_says(before: BookingState, then: BookingState) -> None:
    if (before, then) in ALLOWED:
        BOOKING.check(before, then)
    else:
        with pytest.raises(Conflict):
            BOOKING.check(before, then)


def test_a_placeholder_is_named() -> None:
    held = held_seats(ANNA, None)
    changes = plan_change(held, [ANNA, BO], 2)
    assert changes == SeatChanges(((held[1].seat_id, BO),), (), (), (BO,), ())


def test_a_colleague_takes_the_seat_of_one_who_leaves() -> None:
    held = held_seats(ANNA, BO)
    changes = plan_change(held, [CIM, BO], 2)
    assert changes == SeatChanges(((held[0].seat_id, CIM),), (), (), (CIM,), (ANNA,))


def test_seats_without_a_name_are_given_up_first_open_before_kept_and_last_before_first() -> None:
    held = held_seats(None, ANNA, None, None, kept=1)
    assert plan_change(held, [ANNA], 3).released == (held[3].seat_id,)
    assert plan_change(held, [ANNA], 2).released == (held[2].seat_id, held[3].seat_id)


def test_fewer_seats_than_names_are_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        plan_change(held_seats(ANNA, BO), [ANNA, BO], 1)
    assert refused.value.code == "more_names_than_seats"


def test_naming_somebody_twice_is_refused() -> None:
    with pytest.raises(InvalidInput):
        plan_change(held_seats(ANNA), [BO, BO], 2)


def test_the_same_again_is_no_change() -> None:
    assert plan_change(held_seats(ANNA, None), [ANNA], 2).is_nothing


@given(
    before=st.lists(st.one_of(st.none(), st.sampled_from(EVERYBODY)), min_size=1, max_size=8),
    wished=st.lists(st.sampled_from(EVERYBODY), unique=True, max_size=8),
    extra=st.integers(0, 6),
    kept=st.integers(0, 8),
)
def test_a_change_gives_exactly_what_was_asked_for(
    before: list[UUID | None], wished: list[UUID], extra: int, kept: int
) -> None:
    unique: list[UUID | None] = []
    for person in before:
        unique.append(None if person in unique else person)
    held = held_seats(*unique, kept=kept)
    seats = max(1, len(wished) + extra)
    changes = plan_change(held, wished, seats)
    result = after(held, changes)
    assert len(result) == seats
    assert {person for person in result if person} == set(wished)
    assert sum(person is not None for person in result) == len(wished)
    stays = {seat.participant_id: seat.seat_id for seat in held if seat.participant_id in wished}
    assert not set(stays.values()) & (set(changes.released) | {seat_id for seat_id, _ in changes.named})
    assert not (changes.released and changes.added)
    assert set(changes.left) == {person for person in unique if person} - set(wished)
    assert set(changes.joined) == set(wished) - {person for person in unique if person}
