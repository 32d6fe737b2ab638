"""Asking after a change, answers, reminders and the project's rule; what is told, and what becomes of the seats."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Order, book_seats, cancel_booking
from services.booking.bookings.queries import booking_history, seats_of
from services.booking.bookings.tables import Booking
from services.booking.bookings.told import concerned_by
from services.booking.changes.asked import find_due_confirmations
from services.booking.changes.commands import (
    cancel_run,
    change_run,
    check_confirmation,
    confirm,
    confirm_by_code,
    give_up,
)
from services.booking.changes.queries import count_answers, find_latest
from services.booking.changes.tables import Confirmation
from services.booking.courses.queries import meetings_of
from services.booking.courses.tables import Run
from services.booking.projects.tables import Project
from services.booking.seats.queries import get_offer
from services.booking.seats.waiting import Wish
from services.booking.waiting.commands import join_queue
from shared.contracts.booking import (
    BookingCancelled,
    BookingChanged,
    ConfirmationAnswered,
    ConfirmationAsked,
    RunChanged,
    SeatOfferOpened,
)
from shared.kernel.errors import Conflict, InvalidInput, NotFound, Refused
from shared.kernel.personal_links import PersonalLinks
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    MONDAY_MORNING,
    AnEmployer,
    AProject,
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
LINKS = PersonalLinks.derive(bytes(32))
MOVED = IN_TWO_WEEKS + 2 * DAY


@dataclass
class Stage:
    """A run with a booking of three seats, two named, in a project that asks within four days."""

    session: AsyncSession
    project: AProject
    employer: AnEmployer
    run: Run
    booking: Booking

    async def change(self, *, after: timedelta = timedelta(), starts: timedelta = timedelta()) -> Confirmation:
        meetings = await meetings_of(self.session, self.run.id)
        moved = a_meeting(MOVED + starts, meeting_id=meetings[0].id)
        await change_run(
            self.session, a_clock(MONDAY_MORNING + after), self.run.id, meetings=[moved], reason="Lokalen är upptagen"
        )
        return await self.asked()

    async def asked(self) -> Confirmation:
        found = await find_latest(self.session, self.booking.id)
        assert found is not None
        return found

    async def due(self, after: timedelta) -> list[UUID]:
        own = (await self.session.exec(select(Confirmation.id).where(col(Confirmation.run_id) == self.run.id))).all()
        return [each for each in await find_due_confirmations(self.session, MONDAY_MORNING + after, 100) if each in own]


async def a_stage(session: AsyncSession, *, rule: str = "keep", days: int | None = 4, seats: int = 12) -> Stage:
    project = await a_project(session)
    row = await session.get_one(Project, project.id)
    row.confirmation_days, row.unanswered = days, rule
    employer = await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(capacity=seats))
    order = Order(project.id, employer.id, run.id, 3, employer.people[:2])
    return Stage(session, project, employer, run, await book_seats(session, a_clock(), order))


async def test_contacts_are_asked_and_participants_told_of_a_change(session: AsyncSession) -> None:
    stage = await a_stage(session)
    asked = await stage.change()
    changed, fact = (await told(session))[-2:]
    assert isinstance(changed, RunChanged)
    assert parts(changed) == {("participant", each) for each in stage.employer.people[:2]}
    assert isinstance(fact, ConfirmationAsked)
    assert parts(fact) == {("contact", stage.employer.contact)}
    assert (fact.changes, fact.reason, fact.releases) == (("times",), "Lokalen är upptagen", False)
    assert fact.due_at == asked.due_at == stage.booking.answer_due_at == MONDAY_MORNING + 4 * DAY
    assert (asked.sequence, asked.seats, asked.state) == (stage.run.sequence, 3, "asked")


async def test_a_project_that_does_not_ask_tells_the_contacts_too(session: AsyncSession) -> None:
    stage = await a_stage(session, days=None)
    with pytest.raises(AssertionError):
        await stage.change()
    changed = (await told(session))[-1]
    assert isinstance(changed, RunChanged)
    assert ("contact", stage.employer.contact) in parts(changed)


async def test_those_who_wait_are_told_of_a_change_and_keep_their_place(session: AsyncSession) -> None:
    stage = await a_stage(session, seats=3)
    other = await an_employer(session, stage.project)
    entry = await join_queue(session, a_clock(), Wish(stage.project.id, other.id, stage.run.id, 2, 2))
    concerned = await concerned_by(session, stage.run.id)
    assert (concerned.bookings, concerned.contacts, concerned.waiting, concerned.waiting_contacts) == (1, 1, 1, 1)
    await stage.change()
    changed = (await told(session))[-2]
    assert ("waiting", other.contact) in parts(changed)
    assert (entry.state, entry.place) == ("waiting", 1)
    assert (await concerned_by(session, stage.run.id)).unanswered == 1


async def test_an_answer_closes_the_question_and_is_told(session: AsyncSession) -> None:
    stage = await a_stage(session)
    asked = await stage.change()
    clock = a_clock(MONDAY_MORNING + DAY)
    await confirm_by_code(session, clock, LINKS, LINKS.token(asked.id, stage.employer.contact))
    assert (asked.state, asked.answered_by, asked.seats_after) == ("confirmed", stage.employer.contact, 3)
    assert stage.booking.answer_due_at is None
    fact = (await told(session))[-1]
    assert isinstance(fact, ConfirmationAnswered)
    assert (fact.answer, fact.seats) == ("confirmed", 3)
    with pytest.raises(Conflict):
        await confirm(session, clock, asked.id)
    with pytest.raises(NotFound):
        await confirm_by_code(session, clock, LINKS, "not-ours")
    assert not await stage.due(400 * DAY)
    history = await booking_history(session, stage.booking.id)
    assert [row.change for row in history] == ["confirmed", "asked_after_change", "still_coming"]


async def test_some_seats_are_given_back_and_go_to_whoever_waits(session: AsyncSession) -> None:
    stage = await a_stage(session, seats=3)
    asked = await stage.change()
    other = await an_employer(session, stage.project)
    entry = await join_queue(session, a_clock(), Wish(stage.project.id, other.id, stage.run.id, 2, 2))
    held = (await seats_of(session, [stage.booking.id]))[stage.booking.id]
    with pytest.raises(InvalidInput) as refused:
        await confirm(session, a_clock(), asked.id, released=[seat.id for seat in held])
    assert refused.value.code == "nobody_comes"
    await confirm(session, a_clock(), asked.id, released=[held[0].id, held[2].id], by=stage.employer.contact)
    staying = (await seats_of(session, [stage.booking.id]))[stage.booking.id]
    assert [seat.participant_id for seat in staying] == [stage.employer.people[1]]
    assert (stage.booking.seats, asked.seats, asked.seats_after) == (1, 3, 1)
    assert (await get_offer(session, entry.id)).seats == 2
    kinds = [type(fact) for fact in await told(session)][-3:]
    assert set(kinds) == {BookingChanged, SeatOfferOpened, ConfirmationAnswered}


async def test_giving_up_because_of_a_change_is_never_late(session: AsyncSession) -> None:
    stage = await a_stage(session)
    late = IN_TWO_WEEKS - MONDAY_MORNING
    asked = await stage.change(after=late)
    await give_up(session, a_clock(IN_TWO_WEEKS), asked.id, reason="Vi kan inte den dagen", by=stage.employer.contact)
    assert (stage.booking.state, stage.booking.cancelled_late, asked.state) == ("cancelled", False, "given_up")
    assert asked.seats_after == 0
    other = await a_stage(session)
    await other.change(after=late)
    await cancel_booking(session, a_clock(IN_TWO_WEEKS), other.booking.id, reason="Vi kan inte den dagen")
    assert (other.booking.cancelled_late, other.booking.answer_due_at) == (False, None)
    assert await count_answers(session, other.run.id) == {"given_up": 1}


async def test_a_later_change_supersedes_the_open_question(session: AsyncSession) -> None:
    stage = await a_stage(session)
    first = await stage.change()
    second = await stage.change(after=DAY, starts=DAY)
    assert (first.state, second.state, first.id == second.id) == ("superseded", "asked", False)
    assert second.due_at == stage.booking.answer_due_at
    with pytest.raises(Conflict):
        await confirm(session, a_clock(), first.id)
    await cancel_run(session, a_clock(MONDAY_MORNING + 2 * DAY), stage.run.id, reason="Läraren är sjuk")
    assert (await stage.asked()).state == "superseded"
    assert not stage.booking.answer_due_at


async def test_nobody_answers_and_is_reminded_half_way_and_the_seats_are_kept(session: AsyncSession) -> None:
    stage = await a_stage(session)
    asked = await stage.change()
    assert not await stage.due(2 * DAY - timedelta(seconds=1))
    assert await stage.due(2 * DAY) == [asked.id]
    half = a_clock(MONDAY_MORNING + 2 * DAY)
    assert await check_confirmation(session, half, asked.id)
    assert not await check_confirmation(session, half, asked.id)
    reminder = (await told(session))[-1]
    assert isinstance(reminder, ConfirmationAsked)
    assert (reminder.is_reminder, reminder.reason) == (True, "Lokalen är upptagen")
    end = a_clock(MONDAY_MORNING + 4 * DAY)
    with pytest.raises(Refused):
        await confirm(session, end, asked.id)
    assert await check_confirmation(session, end, asked.id)
    assert not await check_confirmation(session, end, asked.id)
    assert (asked.state, stage.booking.state, stage.booking.answer_due_at) == ("kept_by_rule", "confirmed", None)
    answered = (await told(session))[-1]
    assert isinstance(answered, ConfirmationAnswered)
    assert answered.answer == "kept_by_rule"


async def test_seats_without_an_answer_go_to_whoever_waits_where_the_rule_says_so(session: AsyncSession) -> None:
    stage = await a_stage(session, rule="release", seats=3)
    asked = await stage.change()
    other = await an_employer(session, stage.project)
    entry = await join_queue(session, a_clock(), Wish(stage.project.id, other.id, stage.run.id, 3, 3))
    await check_confirmation(session, a_clock(asked.due_at), asked.id)
    assert (asked.state, stage.booking.state, stage.booking.cancelled_late) == ("released_by_rule", "cancelled", False)
    assert (await get_offer(session, entry.id)).seats == 3
    cancelled = next(fact for fact in await told(session) if isinstance(fact, BookingCancelled))
    assert cancelled.because == "unanswered"
    assert not cancelled.with_run
