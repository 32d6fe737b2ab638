"""Bookings that must be approved: their seats are held, and all else waits until a coach or the lead has decided."""

from dataclasses import replace
from uuid import UUID

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.marking import Mark, mark_meeting
from services.booking.attendance.queries import AttendanceSearch, rows_of_run, sheet_of
from services.booking.bookings.approving import approve_booking, decline_booking
from services.booking.bookings.commands import Change, Order, book_seats, cancel_booking, change_booking
from services.booking.bookings.queries import booking_history, get_booking, seats_of
from services.booking.bookings.rules import BookingState, may_approve
from services.booking.bookings.runs import cancel_run_with_bookings, remind_of_meeting
from services.booking.bookings.tables import Booking
from services.booking.bookings.told import concerned_by
from services.booking.courses.queries import meetings_of
from services.booking.courses.tables import Run
from services.booking.overview.waiting import own_meetings, waits_of
from services.booking.projects.rules import BookingApproval
from services.booking.seats.queries import get_entry
from services.booking.seats.tables import SeatPool
from services.booking.seats.waiting import Wish
from services.booking.waiting.commands import accept_offer, join_queue
from shared.contracts.booking import (
    BookingAsked,
    BookingCancelled,
    BookingChanged,
    BookingConfirmed,
    BookingDeclined,
    MeetingApproached,
)
from shared.db import Database
from shared.kernel.errors import Conflict, KurslotsError, NotAllowed, Refused
from shared.kernel.grants import Actor, Grant
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    MONDAY_MORNING,
    AnEmployer,
    AProject,
    a_clock,
    a_grant,
    a_person,
    a_plan,
    a_project,
    a_run,
    an_employer,
    parts,
    seats_agree,
    told,
)
from tests.services.booking.racing import at_once, offer
from tests.services.booking.registered import Office
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of
from tests.support.web import problem_of


@pytest.mark.parametrize("acting", [None, Role.COACH, Role.PROJECT_LEAD])
@pytest.mark.parametrize("approval", BookingApproval)
def test_who_may_approve(approval: BookingApproval, acting: Role | None) -> None:
    may: dict[BookingApproval, set[Role | None]] = {
        BookingApproval.NONE: {None, Role.COACH, Role.PROJECT_LEAD},
        BookingApproval.COACH: {Role.COACH, Role.PROJECT_LEAD},
        BookingApproval.LEAD: {Role.PROJECT_LEAD},
    }
    assert may_approve(approval, acting) is (acting in may[approval])


async def _asked(
    session: AsyncSession, *, approval: str = "coach", seats: int = 3, acting: Role | None = None
) -> tuple[Booking, Run, AnEmployer, UUID]:
    project = await a_project(session, booking_approval=approval)
    employer = await an_employer(session, project)
    coach = await a_person(session, name="Coach")
    await a_grant(session, coach, Role.COACH, project_id=project.id)
    run = await a_run(session, project, plan=a_plan(capacity=3))
    order = Order(project.id, employer.id, run.id, seats, employer.people[:2], acting=acting)
    return await book_seats(session, a_clock(), order, by=employer.contact), run, employer, coach


def _coach(booking: Booking, role: Role = Role.COACH) -> Actor:
    return Actor(new_id(), (Grant(role, project_id=booking.project_id),))


async def _taken(session: AsyncSession, run: Run) -> int:
    statement = select(SeatPool.taken).where(col(SeatPool.run_id) == run.id)
    return (await session.exec(statement.execution_options(populate_existing=True))).one()


async def test_seats_are_held_and_contacts_and_coach_are_told_but_participants_hear_nothing_yet(
    session: AsyncSession,
) -> None:
    booking, run, employer, coach = await _asked(session)
    assert (booking.state, await _taken(session, run)) == (BookingState.ASKED, 3)
    (fact,) = [fact for fact in await told(session) if isinstance(fact, BookingAsked | BookingConfirmed)]
    assert isinstance(fact, BookingAsked)
    assert parts(fact) == {("contact", employer.contact), ("coach", coach)}
    with pytest.raises(Refused):
        await book_seats(session, a_clock(), Order(employer.project_id, employer.id, run.id, 1))


async def test_what_waits_counts_nowhere_until_it_is_approved(session: AsyncSession) -> None:
    booking, run, employer, _ = await _asked(session)
    (meeting,) = await meetings_of(session, run.id)
    first = employer.people[0]
    during = a_clock(IN_TWO_WEEKS)

    async def counted() -> tuple[int, int, int, int]:
        await session.flush()
        rows = await rows_of_run(session, run.id, AttendanceSearch())
        return (
            len(await sheet_of(session, meeting)),
            len(rows.rows),
            len(await own_meetings(session, first, MONDAY_MORNING, 5)),
            (await concerned_by(session, run.id)).participants,
        )

    assert await counted() == (0, 0, 0, 0)
    with pytest.raises(KurslotsError):
        await mark_meeting(session, during, meeting.id, [Mark(first, 60)], by=None)
    part = (employer.id, employer.project_id)
    assert (await waits_of(session, [part], MONDAY_MORNING))[part].names_missing == 1
    await approve_booking(session, a_clock(), booking.id, _coach(booking))
    assert await counted() == (2, 2, 1, 2)


async def test_reminders_of_meetings_go_to_nobody_of_a_booking_that_waits(session: AsyncSession) -> None:
    _, run, _, _ = await _asked(session)
    (meeting,) = await meetings_of(session, run.id)
    assert meeting.next_check_at is not None
    await remind_of_meeting(session, a_clock(meeting.next_check_at), meeting.id)
    assert all(not fact.recipients for fact in await told(session) if isinstance(fact, MeetingApproached))


async def test_approved_it_is_confirmed_and_participants_are_told(session: AsyncSession) -> None:
    booking, run, employer, _ = await _asked(session)
    actor = _coach(booking)
    await approve_booking(session, a_clock(), booking.id, actor, words="Bra val")
    assert (booking.state, await _taken(session, run)) == (BookingState.CONFIRMED, 3)
    fact = (await told(session))[-1]
    assert isinstance(fact, BookingConfirmed)
    assert parts(fact) == {("contact", employer.contact)} | {("participant", each) for each in employer.people[:2]}
    row = (await booking_history(session, booking.id))[-1]
    assert (row.change, row.actor_id, row.reason, row.before) == ("approved", actor.person_id, "Bra val", "asked")
    with pytest.raises(Conflict, match="booking_decided"):
        await decline_booking(session, a_clock(), booking.id, actor, reason="Ändrat")


async def test_declined_its_seats_go_to_those_who_wait(session: AsyncSession) -> None:
    booking, run, employer, _ = await _asked(session)
    other = await an_employer(session, AProject(employer.project_id, ()))
    entry = await join_queue(session, a_clock(), Wish(other.project_id, other.id, run.id, 3, 3))
    await decline_booking(session, a_clock(), booking.id, _coach(booking), reason="Fel kurs")
    assert (booking.state, booking.declined_because) == (BookingState.DECLINED, "Fel kurs")
    assert (await seats_of(session, [booking.id]))[booking.id] == []
    fact = next(fact for fact in await told(session) if isinstance(fact, BookingDeclined))
    assert (fact.reason, fact.seats, parts(fact)) == ("Fel kurs", 3, {("contact", employer.contact)})
    assert (await get_entry(session, entry.id)).state == "offered"
    placed = await accept_offer(session, a_clock(), entry.id)
    assert (placed.booking.state, await _taken(session, run)) == (BookingState.ASKED, 3)


async def test_where_the_lead_approves_a_coach_may_not_and_nobody_once_the_run_has_begun(session: AsyncSession) -> None:
    booking, _, _, _ = await _asked(session, approval="lead")
    with pytest.raises(NotAllowed, match="lead_approves"):
        await approve_booking(session, a_clock(), booking.id, _coach(booking))
    lead = _coach(booking, Role.PROJECT_LEAD)
    with pytest.raises(Refused, match="run_has_begun"):
        await approve_booking(session, a_clock(IN_TWO_WEEKS), booking.id, lead)
    await approve_booking(session, a_clock(), booking.id, lead)
    assert booking.state == BookingState.CONFIRMED


async def test_what_a_coach_books_herself_is_confirmed_at_once(session: AsyncSession) -> None:
    booking, _, _, _ = await _asked(session, acting=Role.COACH)
    assert booking.state == BookingState.CONFIRMED


async def test_changed_or_cancelled_while_it_waits_no_participant_hears_of_it_and_nothing_is_late(
    session: AsyncSession,
) -> None:
    booking, _, employer, _ = await _asked(session)
    late = a_clock(IN_TWO_WEEKS.replace(hour=1))
    await change_booking(session, late, booking.id, Change(seats=2, participants=employer.people[1:3]))
    await cancel_booking(session, late, booking.id, reason="Fler order")
    assert (booking.state, booking.cancelled_late, booking.late_seats) == ("cancelled", False, 0)
    facts = [fact for fact in await told(session) if isinstance(fact, BookingChanged | BookingCancelled)]
    assert [parts(fact) for fact in facts] == [{("contact", employer.contact)}] * 2


async def test_a_run_that_is_called_off_takes_those_that_wait_with_it(session: AsyncSession) -> None:
    booking, run, _, _ = await _asked(session)
    await cancel_run_with_bookings(session, a_clock(), run.id, reason="Läraren är sjuk")
    assert (booking.state, await _taken(session, run)) == ("cancelled", 0)


async def test_approving_declining_and_cancelling_at_once_decide_it_once(booking_database: Database) -> None:
    run, (employer,) = await offer(booking_database, capacity=4, booking_approval="coach")
    async with booking_database.sessions() as session:
        order = Order(run.project_id, employer.id, run.id, 4, employer.people[:2])
        booking = await book_seats(session, a_clock(), order)
        await session.commit()
    actor = Actor(employer.contact, (Grant(Role.COACH, project_id=run.project_id),))
    outcomes = await at_once(
        booking_database,
        [
            lambda session: approve_booking(session, a_clock(), booking.id, actor),
            lambda session: decline_booking(session, a_clock(), booking.id, actor, reason="Nej"),
            lambda session: approve_booking(session, a_clock(), booking.id, actor),
            lambda session: decline_booking(session, a_clock(), booking.id, actor, reason="Nej"),
        ],
    )
    assert sorted(outcomes) == ["booking_decided"] * 3 + ["done"]
    async with booking_database.sessions() as session:
        found = await get_booking(session, booking.id)
    assert found.state == (BookingState.CONFIRMED if "done" in outcomes[::2] else BookingState.DECLINED)
    await seats_agree(booking_database, run)


async def test_a_contact_books_and_her_coach_finds_approves_and_declines_it(office: Office) -> None:
    async with office.transaction() as session:
        first, run, employer, _ = await _asked(session)
        second = await a_run(session, AProject(employer.project_id, ()), plan=a_plan())
        other = await an_employer(session, AProject(employer.project_id, ()))
    whole = Grant(Role.COACH, project_id=employer.project_id, employer_id=employer.id)
    await office.holder("asking", Grant(Role.CONTACT, employer_id=employer.id))
    await office.holder("approving", whole)
    await office.holder("approving-others", replace(whole, employer_id=other.id))
    body = {"run_id": str(second.id), "seats": 2}
    path = f"projects/{employer.project_id}/employers/{employer.id}/bookings"
    made = (await office.ask("asking").post(path, json=body)).json()
    assert made["state"] == "asked"
    problem_of(await office.ask("asking").post(f"bookings/{made['booking_id']}/approve", json={}), 403, "role")
    found = (await office.ask("approving").get("approvals")).json()
    assert [each["booking_id"] for each in found["items"]] == [str(first.id), made["booking_id"]]
    assert (await office.ask("approving-others").get("approvals")).json()["items"] == []
    with known_visitors(office.app):
        async with browser(office.app, "asking") as contact:
            assert "waits for approval" in page_of(await contact.get(f"/booking/bookings/{first.id}"), 200).text
            listed = await contact.get(f"/booking/employers/{employer.id}/bookings?shown=asked")
            assert "Waits for approval" in page_of(listed, 200).text
            book = page_of(await contact.get(f"/booking/employers/{employer.id}/runs/{second.id}/book"), 200)
            assert "your coach approves the booking" in book.text
        async with browser(office.app, "approving") as coach:
            start = page_of(await coach.get("/booking/"), 200)
            assert "2 bookings to approve" in start.text
            assert start.tag("a", href="/booking/approvals")
            with statements_of(office.database) as statements:
                assert first.reference in page_of(await coach.get("/booking/approvals"), 200).text
            assert len(statements) <= 14
            shown = page_of(await coach.get(f"/booking/bookings/{first.id}"), 200)
            for verb, words in (("approve", ""), ("decline", "Fel kurs")):
                assert shown.tag("a", href=f"/booking/bookings/{first.id}/{verb}")
                address = f"/booking/bookings/{first.id if verb == 'approve' else made['booking_id']}/{verb}"
                typed = dict(page_of(await coach.get(address), 200).typed())
                assert (await coach.post(address, data=typed | {"reason": words})).status_code == 303
            assert "Fel kurs" in page_of(await coach.get(f"/booking/bookings/{made['booking_id']}"), 200).text
            assert "No booking waits for you" in page_of(await coach.get("/booking/approvals"), 200).text
    async with office.transaction() as session:
        assert (await get_booking(session, first.id)).state == BookingState.CONFIRMED
        assert (await get_booking(session, UUID(made["booking_id"]))).state == BookingState.DECLINED
        assert await _taken(session, run) == 3
