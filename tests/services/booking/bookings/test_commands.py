from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Change, Order, book_seats, cancel_booking, change_booking
from services.booking.bookings.queries import booking_history, seats_of
from services.booking.bookings.tables import Booking
from services.booking.courses.tables import Run
from services.booking.seats.tables import SeatPool
from shared.contracts.booking import BookingCancelled, BookingChanged, BookingConfirmed
from shared.kernel.clock import FixedClock
from shared.kernel.errors import Conflict, NotFound, Refused, Several
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    AnEmployer,
    a_clock,
    a_plan,
    a_project,
    a_run,
    an_employer,
    parts,
    told,
)


async def pools(session: AsyncSession, run: Run) -> dict[UUID | None, tuple[int, int]]:
    found = await session.exec(
        select(SeatPool).where(col(SeatPool.run_id) == run.id).execution_options(populate_existing=True)
    )
    return {pool.holder_id: (pool.taken, pool.capacity) for pool in found}


async def book(
    session: AsyncSession,
    employer: AnEmployer,
    run: Run,
    seats: int,
    people: tuple[UUID, ...] = (),
    clock: FixedClock | None = None,
) -> Booking:
    order = Order(employer.project_id, employer.id, run.id, seats, people)
    return await book_seats(session, clock or a_clock(), order, by=employer.contact)


async def names_on(session: AsyncSession, booking: Booking) -> list[UUID | None]:
    return [seat.participant_id for seat in (await seats_of(session, [booking.id]))[booking.id]]


async def test_a_booking_of_six_with_four_names_tells_contact_and_participants(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book(session, employer, run, 6, employer.people)
    assert await pools(session, run) == {None: (6, 12)}
    assert await names_on(session, booking) == [*employer.people, None, None]
    fact = (await told(session))[-1]
    assert isinstance(fact, BookingConfirmed)
    assert (fact.seats, fact.named, fact.reference) == (6, 4, booking.reference)
    assert parts(fact) == {("contact", employer.contact)} | {("participant", each) for each in employer.people}
    assert fact.run.meetings[0].starts_at == IN_TWO_WEEKS


async def test_beyond_capacity_is_refused_with_how_many_are_free(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=8))
    await book(session, employer, run, 6)
    with pytest.raises(Refused) as refused:
        await book(session, employer, run, 3)
    assert refused.value.code == "seats_full"
    assert dict(refused.value.text.fields) == {"free": 2, "capacity": 8, "asked": 3}
    assert await pools(session, run) == {None: (6, 8)}


async def test_kept_seats_are_taken_first_and_open_ones_for_the_rest(session: AsyncSession) -> None:
    project = await a_project(session)
    employer, other = await an_employer(session, project), await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=10), kept={employer.id: 4})
    booking = await book(session, employer, run, 6)
    assert await pools(session, run) == {None: (2, 6), employer.id: (4, 4)}
    assert [seat.kept for seat in (await seats_of(session, [booking.id]))[booking.id]] == [True] * 4 + [False] * 2
    with pytest.raises(Refused) as refused:
        await book(session, other, run, 5)
    assert refused.value.text.fields["free"] == 4


async def test_seats_kept_for_another_are_not_taken(session: AsyncSession) -> None:
    project = await a_project(session)
    employer, other = await an_employer(session, project), await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=10), kept={employer.id: 10})
    with pytest.raises(Refused):
        await book(session, other, run, 1)


async def test_an_employer_takes_no_more_open_seats_than_the_cap(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=10, employer_cap=3))
    await book(session, employer, run, 2)
    with pytest.raises(Refused) as refused:
        await book(session, employer, run, 2)
    assert refused.value.code == "employer_cap"


async def test_the_cap_counts_again_what_was_given_back(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=10, employer_cap=3))
    booking = await book(session, employer, run, 3)
    await cancel_booking(session, a_clock(), booking.id, reason="Fler order")
    assert (await book(session, employer, run, 3)).seats == 3


async def test_nobody_has_two_seats_on_a_run(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    await book(session, employer, run, 1, employer.people[:1])
    with pytest.raises(Several) as refused:
        await book(session, employer, run, 2, (employer.people[1], employer.people[0]))
    assert [(error.code, error.field) for error in refused.value.errors] == [("seated_already", "participants.1")]


async def test_only_the_employers_own_people_are_named(session: AsyncSession) -> None:
    project = await a_project(session)
    employer, other = await an_employer(session, project), await an_employer(session, project)
    run = await a_run(session, project)
    with pytest.raises(Several) as refused:
        await book(session, employer, run, 3, (employer.people[0], other.people[0], uuid4()))
    assert [error.field for error in refused.value.errors] == ["participants.1", "participants.2"]


async def test_an_employer_outside_the_project_does_not_book(session: AsyncSession) -> None:
    project, another = await a_project(session), await a_project(session)
    employer = await an_employer(session, another)
    run = await a_run(session, project)
    with pytest.raises(NotFound):
        await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 1))
    with pytest.raises(NotFound):
        await book(session, employer, run, 1)


async def test_a_run_that_has_begun_takes_no_booking(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    with pytest.raises(Refused) as refused:
        await book(session, employer, run, 1, clock=a_clock(IN_TWO_WEEKS))
    assert refused.value.code == "run_has_begun"


async def test_a_placeholder_is_named_later_and_only_the_newcomer_and_contact_are_told(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book(session, employer, run, 2, employer.people[:1])
    await change_booking(session, a_clock(), booking.id, Change(participants=employer.people[:2]))
    assert await names_on(session, booking) == list(employer.people[:2])
    fact = (await told(session))[-1]
    assert isinstance(fact, BookingChanged)
    assert (fact.seats, fact.seats_before, fact.named) == (2, 2, 2)
    assert parts(fact) == {("contact", employer.contact), ("participant", employer.people[1])}


async def test_a_colleague_takes_over_and_the_one_who_leaves_is_told(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book(session, employer, run, 1, employer.people[:1])
    await change_booking(session, a_clock(), booking.id, Change(participants=employer.people[1:2]))
    assert parts((await told(session))[-1]) == {
        ("contact", employer.contact),
        ("participant", employer.people[1]),
        ("former_participant", employer.people[0]),
    }
    history = await booking_history(session, booking.id)
    assert [(row.change, row.before, row.after) for row in history] == [
        ("confirmed", None, "confirmed"),
        ("changed", "confirmed", "confirmed"),
    ]
    assert (history[1].joined, history[1].left_out) == ([employer.people[1]], [employer.people[0]])


async def test_more_seats_are_all_or_nothing_and_fewer_are_free_at_once(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=10), kept={employer.id: 2})
    booking = await book(session, employer, run, 3)
    await change_booking(session, a_clock(), booking.id, Change(seats=8))
    assert await pools(session, run) == {None: (6, 8), employer.id: (2, 2)}
    await change_booking(session, a_clock(), booking.id, Change(seats=2))
    assert await pools(session, run) == {None: (0, 8), employer.id: (2, 2)}
    with pytest.raises(Refused):
        await change_booking(session, a_clock(), booking.id, Change(seats=11))


async def test_a_change_to_what_is_there_is_refused(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book(session, employer, run, 2)
    with pytest.raises(Refused):
        await change_booking(session, a_clock(), booking.id, Change(seats=2))


async def test_a_change_by_one_who_saw_an_earlier_version_is_refused(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book(session, employer, run, 2)
    await change_booking(session, a_clock(), booking.id, Change(seats=3, version=1))
    with pytest.raises(Conflict) as refused:
        await change_booking(session, a_clock(), booking.id, Change(seats=4, version=1))
    assert refused.value.code == "version_passed"


async def test_a_cancelled_booking_frees_its_seats_and_tells_everyone(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book(session, employer, run, 3, employer.people[:2])
    await cancel_booking(session, a_clock(), booking.id, reason="Fler order", by=employer.contact)
    assert await pools(session, run) == {None: (0, 12)}
    assert (booking.state, booking.cancelled_late) == ("cancelled", False)
    fact = (await told(session))[-1]
    assert isinstance(fact, BookingCancelled)
    assert (fact.with_run, fact.reason, fact.seats) == (False, "Fler order", 3)
    assert parts(fact) == {("contact", employer.contact)} | {("participant", each) for each in employer.people[:2]}
    assert (await book(session, employer, run, 1, employer.people[:1])).seats == 1


async def test_cancelling_after_the_free_days_is_kept_as_late(session: AsyncSession) -> None:
    project = await a_project(session, free_cancellation_days=7)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book(session, employer, run, 1)
    clock = a_clock(IN_TWO_WEEKS - timedelta(days=6))
    assert (await cancel_booking(session, clock, booking.id, reason="Fler order")).cancelled_late is True


async def test_a_cancelled_booking_is_neither_changed_nor_cancelled_again(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book(session, employer, run, 1)
    await cancel_booking(session, a_clock(), booking.id, reason="Fler order")
    with pytest.raises(Conflict):
        await cancel_booking(session, a_clock(), booking.id, reason="Fler order")
    with pytest.raises(Conflict):
        await change_booking(session, a_clock(), booking.id, Change(seats=2))


async def test_a_booking_is_not_cancelled_once_the_run_has_begun(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book(session, employer, run, 1)
    with pytest.raises(Refused):
        await cancel_booking(session, a_clock(IN_TWO_WEEKS), booking.id, reason="Fler order")


async def test_a_name_is_changed_while_the_run_is_on_but_not_after_it(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book(session, employer, run, 1)
    during = a_clock(IN_TWO_WEEKS + timedelta(hours=1))
    await change_booking(session, during, booking.id, Change(participants=employer.people[:1]))
    with pytest.raises(Refused):
        await change_booking(session, a_clock(run.ends_at), booking.id, Change(participants=()))


async def test_seats_that_were_given_up_and_taken_again_have_new_numbers(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book(session, employer, run, 3)
    await change_booking(session, a_clock(), booking.id, Change(seats=1))
    await change_booking(session, a_clock(), booking.id, Change(seats=2))
    assert [seat.number for seat in (await seats_of(session, [booking.id]))[booking.id]] == [1, 4]
