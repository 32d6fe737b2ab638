"""A run that is postponed without a date: nothing is lost, nothing new is booked, and dates again are asked about."""

from datetime import timedelta

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Change, Order, book_seats, cancel_booking, change_booking
from services.booking.changes.commands import cancel_run, change_run, postpone_run
from services.booking.courses.queries import meetings_of
from services.booking.projects.tables import Project
from services.booking.seats.queries import find_due_offers, get_offer
from services.booking.seats.waiting import Wish, check_offer
from services.booking.waiting.commands import accept_offer, join_queue
from shared.contracts.booking import ConfirmationAsked, RunChanged, RunPostponed, SeatOfferOpened
from shared.kernel.errors import Conflict, Refused
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    a_clock,
    a_meeting,
    a_plan,
    a_project,
    a_run,
    an_employer,
    parts,
    told,
)

DAY = timedelta(days=1)
LATER = IN_TWO_WEEKS + 60 * DAY


async def test_a_postponed_run_keeps_what_it_has_until_it_has_dates_again(session: AsyncSession) -> None:
    project = await a_project(session)
    (await session.get_one(Project, project.id)).confirmation_days = 4
    employer, other, third = [await an_employer(session, project) for _ in range(3)]
    run = await a_run(session, project, plan=a_plan(capacity=4))
    booking = await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 2, employer.people[:1]))
    leaving = await book_seats(session, a_clock(), Order(project.id, third.id, run.id, 2))
    entry = await join_queue(session, a_clock(), Wish(project.id, other.id, run.id, 2, 2))
    await cancel_booking(session, a_clock(), leaving.id, reason="Fler order")
    offer = await get_offer(session, entry.id)
    removed = [meeting.id for meeting in await meetings_of(session, run.id)]

    await postpone_run(session, a_clock(), run.id, reason="Läraren är sjuk")
    fact = (await told(session))[-1]
    assert isinstance(fact, RunPostponed)
    assert parts(fact) == {
        ("contact", employer.contact), ("participant", employer.people[0]), ("waiting", other.contact)
    }  # fmt: skip
    assert [meeting.meeting_id for meeting in fact.removed] == removed
    assert (fact.run.meetings, fact.sequence, run.state) == ((), 1, "postponed")
    assert not await meetings_of(session, run.id)
    with pytest.raises(Conflict):
        await postpone_run(session, a_clock(), run.id, reason="Igen")

    long_after = a_clock(IN_TWO_WEEKS + 30 * DAY)
    with pytest.raises(Refused) as refused:
        await book_seats(session, long_after, Order(project.id, third.id, run.id, 1))
    assert refused.value.code == "run_postponed"
    assert offer.id in await find_due_offers(session, long_after.now(), 1000)
    await check_offer(session, long_after, offer.id)
    assert (entry.state, offer.state) == ("offered", "open")
    await change_booking(session, long_after, booking.id, Change(participants=employer.people[:2]))

    await change_run(session, long_after, run.id, meetings=[a_meeting(LATER)], reason="Läraren är frisk")
    facts = (await told(session))[-3:]
    assert [type(each) for each in facts] == [RunChanged, ConfirmationAsked, SeatOfferOpened]
    assert isinstance(facts[0], RunChanged)
    assert (facts[0].changes, run.state, run.starts_at) == (("times",), "scheduled", LATER)
    assert offer.until == long_after.now() + 2 * DAY
    await accept_offer(session, long_after, entry.id)


async def test_whoever_gives_seats_back_while_there_are_no_dates_is_not_late(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 2))
    kept = await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 3))
    await postpone_run(session, a_clock(IN_TWO_WEEKS - DAY), run.id, reason="Läraren är sjuk")
    await cancel_booking(session, a_clock(IN_TWO_WEEKS + DAY), booking.id, reason="Fler order")
    assert booking.cancelled_late is False
    await cancel_run(session, a_clock(IN_TWO_WEEKS + 2 * DAY), run.id, reason="Läraren slutar")
    assert (run.state, kept.state) == ("cancelled", "cancelled")


async def test_a_run_that_has_begun_is_not_postponed(session: AsyncSession) -> None:
    run = await a_run(session, await a_project(session))
    with pytest.raises(Refused) as refused:
        await postpone_run(session, a_clock(IN_TWO_WEEKS), run.id, reason="Läraren är sjuk")
    assert refused.value.code == "run_has_begun"
