"""Replacing a participant by a colleague: on her seat, with who and why; by whom once the project's day has passed."""

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Change, Order, book_seats, change_booking
from services.booking.bookings.queries import booking_history, seats_of
from services.booking.bookings.rules import check_substitution, last_substitution_day
from services.booking.bookings.substituting import Substitution, substitute
from services.booking.bookings.tables import Booking
from services.booking.bookings.words import told_history
from services.booking.projects.tables import Project
from shared.contracts.booking import BookingChanged
from shared.kernel.calendar import legal_day
from shared.kernel.errors import InvalidInput, KurslotsError, Refused
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    MONDAY_MORNING,
    AnEmployer,
    a_clock,
    a_project,
    a_run,
    an_employer,
    parts,
    told,
)
from tests.services.booking.registered import Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.web import problem_of

LATE = IN_TWO_WEEKS - timedelta(days=2)


async def _booked(session: AsyncSession, *, lock: int | None = 5, seats: int = 3) -> tuple[Booking, AnEmployer]:
    project = await a_project(session, substitution_lock_days=lock)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    order = Order(project.id, employer.id, run.id, seats, employer.people[:2])
    return await book_seats(session, a_clock(), order), employer


async def _seated(session: AsyncSession, booking: Booking) -> list[UUID | None]:
    return [seat.participant_id for seat in (await seats_of(session, [booking.id]))[booking.id]]


@given(st.integers(0, 90), st.integers(-24 * 100, 24 * 10))
def test_employers_exchange_participants_to_the_end_of_the_last_day(days: int, hours: int) -> None:
    now = IN_TWO_WEEKS + timedelta(hours=hours)
    passed = legal_day(now) > last_substitution_day(IN_TWO_WEEKS, days)
    assert check_substitution(IN_TWO_WEEKS, days, now, may_after=True) is passed
    assert check_substitution(IN_TWO_WEEKS, None, now, may_after=False) is False
    if passed:
        with pytest.raises(Refused, match="substitution_locked"):
            check_substitution(IN_TWO_WEEKS, days, now, may_after=False)


async def test_a_colleague_gets_her_seat_and_the_history_tells_who_was_replaced_by_whom(session: AsyncSession) -> None:
    booking, employer = await _booked(session)
    first, second, third, _ = employer.people
    await substitute(session, a_clock(), booking.id, Substitution(first, third), by=employer.contact)
    assert await _seated(session, booking) == [third, second, None]
    row = (await booking_history(session, booking.id))[-1]
    assert (row.change, row.left_out, row.joined, row.actor_id) == ("substituted", [first], [third], employer.contact)
    words = told_history([row], {first: "Anna", third: "Eva"})[0].text
    assert words.message.format(**words.fields) == "('Anna',) was replaced by ('Eva',)"
    fact = (await told(session))[-1]
    assert isinstance(fact, BookingChanged)
    assert parts(fact) == {("contact", employer.contact), ("participant", third), ("former_participant", first)}


@pytest.mark.parametrize(
    ("now", "after_lock", "reason", "refused"),
    [
        (MONDAY_MORNING, False, None, None),
        (LATE, False, "Sjuk", "substitution_locked"),
        (LATE, True, None, "reason_missing"),
        (LATE, True, "Sjuk", None),
    ],
)
async def test_after_the_day_it_takes_a_coach_or_the_lead_and_a_reason(
    session: AsyncSession,
    now: datetime,
    after_lock: bool,  # noqa: FBT001 - a parameter of the cases
    reason: str | None,
    refused: str | None,
) -> None:
    booking, employer = await _booked(session)
    first, _, third, _ = employer.people
    substitution = Substitution(first, third, reason, after_lock=after_lock)
    code = None
    try:
        await substitute(session, a_clock(now), booking.id, substitution, by=None)
    except KurslotsError as error:
        code = error.code
    assert code == refused
    assert (third in await _seated(session, booking)) is (refused is None)


async def test_after_the_day_a_change_of_names_is_no_way_around_it(session: AsyncSession) -> None:
    booking, employer = await _booked(session)
    first, second, third, fourth = employer.people
    late = a_clock(LATE)
    for people in ((first, third), (first,)):
        with pytest.raises(Refused, match="substitution_locked"):
            await change_booking(session, late, booking.id, Change(participants=people))
    await change_booking(session, late, booking.id, Change(participants=(first, second, third)))
    await change_booking(session, late, booking.id, Change(seats=2, participants=(first, second)))
    assert await _seated(session, booking) == [first, second]
    await change_booking(session, late, booking.id, Change(participants=(first, fourth), after_lock=True))
    assert await _seated(session, booking) == [first, fourth]


async def test_whoever_has_a_seat_or_another_course_then_replaces_nobody(session: AsyncSession) -> None:
    booking, employer = await _booked(session)
    first, second, third, fourth = employer.people
    for replaced, replacing in ((first, second), (third, fourth)):
        with pytest.raises(InvalidInput):
            await substitute(session, a_clock(), booking.id, Substitution(replaced, replacing), by=None)
    assert await _seated(session, booking) == [first, second, None]


async def test_on_the_page_a_contact_may_until_the_day_and_her_coach_after_it(office: Office) -> None:
    async with office.transaction() as session:
        booking, employer = await _booked(session, lock=14)
    await office.holder("substituting", Grant(Role.CONTACT, employer_id=employer.id))
    await office.holder("coach-of-them", Grant(Role.COACH, project_id=employer.project_id, employer_id=employer.id))
    address = f"/booking/bookings/{booking.id}/substitute"
    chosen = {"replaced_id": str(employer.people[0]), "replacing_id": str(employer.people[2]), "reason": ""}
    body = {"replaced_id": str(employer.people[1]), "replacing_id": str(employer.people[3]), "reason": "Sjuk"}
    with known_visitors(office.app):
        async with browser(office.app, "substituting") as contact:
            assert page_of(await contact.get(f"/booking/bookings/{booking.id}"), 200).tag("a", href=address)
            page = page_of(await contact.get(address), 200)
            done = await contact.post(address, data=dict(page.typed()) | chosen)
            assert done.status_code == 303
            assert "was replaced by" in page_of(await contact.get(f"/booking/bookings/{booking.id}"), 200).text
            async with office.transaction() as session:
                project = await session.get_one(Project, employer.project_id)
                project.substitution_lock_days = 30
                session.add(project)
            assert "Ask your coach" in page_of(await contact.get(address), 200).text
        path = f"bookings/{booking.id}/substitute"
        problem_of(await office.ask("substituting").post(path, json=body), 409, "substitution_locked")
        async with browser(office.app, "coach-of-them") as coach:
            assert "You may still do it" in page_of(await coach.get(address), 200).text
        answer = await office.ask("coach-of-them").post(path, json=body)
        assert [seat["person_id"] for seat in answer.json()["seats"]][:2] == [
            str(employer.people[2]),
            str(employer.people[3]),
        ]
