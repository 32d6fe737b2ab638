"""More and fewer seats on a run: those who wait come first, and nothing that is kept or taken is lost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Order, book_seats
from services.booking.courses.queries import run_history
from services.booking.seats.commands import change_capacity
from services.booking.seats.queries import availability, get_offer
from services.booking.seats.rules import check_capacity
from services.booking.seats.waiting import Wish
from services.booking.waiting.commands import join_queue
from shared.contracts.booking import RunResized, SeatOfferOpened
from shared.db import Database
from shared.kernel.errors import Conflict, KurslotsError, Refused
from tests.services.booking.offered import IN_TWO_WEEKS, a_clock, a_plan, a_project, a_run, an_employer, seats_agree
from tests.services.booking.offered import told as facts_of
from tests.services.booking.racing import Act, at_once, booking, offer

WHY = "A larger room"
_SEATS = st.integers(0, 12)


@given(capacity=st.integers(1, 40), kept=_SEATS, taken=_SEATS, wished=st.integers(1, 40))
def test_as_many_stay_as_are_kept_or_taken(capacity: int, kept: int, taken: int, wished: int) -> None:
    try:
        check_capacity(wished, capacity=capacity, kept=kept, open_taken=taken)
    except Refused:
        assert wished == capacity or wished < kept + taken
    else:
        assert wished != capacity
        assert wished >= kept + taken


async def test_new_seats_are_offered_to_those_who_wait(session: AsyncSession) -> None:
    project = await a_project(session)
    holder, group, later = [await an_employer(session, project) for _ in range(3)]
    run = await a_run(session, project, plan=a_plan(capacity=4))
    await book_seats(session, a_clock(), Order(project.id, holder.id, run.id, 4))
    first = await join_queue(session, a_clock(), Wish(project.id, group.id, run.id, seats=3, least=3))
    second = await join_queue(session, a_clock(), Wish(project.id, later.id, run.id, seats=2, least=2))
    await change_capacity(session, a_clock(), run.id, 8, reason=WHY, version=run.version)
    assert (await get_offer(session, first.id)).seats == 3
    assert (second.state, second.place) == ("waiting", 1)
    found = (await availability(session, [run.id]))[run.id]
    assert (found.taken, found.free, found.waiting) == (7, 1, 1)
    last = (await run_history(session, run.id))[-1]
    assert (last.change, last.before, last.after, last.reason) == ("capacity", "4", "8", WHY)
    told = await facts_of(session)
    resized = next(fact for fact in told if isinstance(fact, RunResized))
    assert (resized.capacity_before, resized.capacity) == (4, 8)
    assert [fact.offered for fact in told if isinstance(fact, SeatOfferOpened)] == [3]


async def test_what_is_kept_or_taken_stays(session: AsyncSession) -> None:
    project = await a_project(session)
    holder, other = await an_employer(session, project), await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=10), kept={holder.id: 4})
    await book_seats(session, a_clock(), Order(project.id, other.id, run.id, 3))
    await change_capacity(session, a_clock(), run.id, 7, reason=WHY)
    with pytest.raises(Refused) as refused:
        await change_capacity(session, a_clock(), run.id, 6, reason=WHY)
    assert dict(refused.value.text.fields) == {"kept": 4, "taken": 3, "least": 7, "wished": 6}
    with pytest.raises(Conflict):
        await change_capacity(session, a_clock(), run.id, 12, reason=WHY, version=1)
    with pytest.raises(KurslotsError) as over:
        await change_capacity(session, a_clock(IN_TWO_WEEKS), run.id, 12, reason=WHY)
    assert over.value.code == "run_has_begun"


async def test_fewer_seats_and_bookings_at_once_leave_the_sums_right(booking_database: Database) -> None:
    run, (employer,) = await offer(booking_database, capacity=8)

    def resizing(seats: int) -> Act:
        return lambda session: change_capacity(session, a_clock(), run.id, seats, reason=WHY)

    acts = [*(booking(run, employer, 2) for _ in range(5)), resizing(5), resizing(6), resizing(11)]
    outcomes = await at_once(booking_database, acts)
    assert set(outcomes) <= {"done", "seats_full", "capacity_taken", "capacity_unchanged"}
    await seats_agree(booking_database, run)
    async with booking_database.sessions() as session:
        found = (await availability(session, [run.id]))[run.id]
        fresh = await session.get_one(type(run), run.id)
        assert found.taken + found.free == fresh.capacity
