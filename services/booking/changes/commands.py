"""Changing a run and asking those who have booked whether they still come; their answers, and the project's rule.

Lock order: run, booking, its confirmation, then as in `seats.pools`. Whoever asks holds the run against every booking.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version, locked
from services.booking.bookings.commands import Change, cancel_locked, change_booking
from services.booking.bookings.queries import seats_of
from services.booking.bookings.rules import BOOKING, UNANSWERED, BookingState
from services.booking.bookings.runs import Changed, cancel_run_with_bookings, change_locked_run, postpone_locked_run
from services.booking.bookings.tables import Booking, BookingHistory
from services.booking.bookings.writing import contacts_of_booking, happened, lock_booking, told_of_booking
from services.booking.changes.asked import get_confirmation
from services.booking.changes.rules import (
    CONFIRMATION,
    ConfirmationState,
    by_rule,
    check_in_time,
    check_some_stay,
    due_at,
    next_check_at,
)
from services.booking.changes.tables import Confirmation
from services.booking.courses.commands import lock_run
from services.booking.courses.rules import MeetingPlan, RunState
from services.booking.courses.tables import Run
from services.booking.people.recipients import recipients
from services.booking.projects.queries import get_project_row
from services.booking.projects.rules import Unanswered
from services.booking.seats.waiting import offer_again
from shared.contracts.booking import ConfirmationAnswered, ConfirmationAsked, MeetingsAtOnce
from shared.contracts.facts import Meeting
from shared.kernel.clock import Clock
from shared.kernel.errors import InvalidInput, NotFound
from shared.kernel.personal_links import PersonalLinks
from shared.kernel.texts import N_
from shared.messaging.outbox import record


@dataclass(frozen=True, slots=True)
class Question:
    """What those who have booked are asked about: what is new, why, and until when an answer is taken."""

    changes: tuple[str, ...]
    reason: str
    due_at: datetime
    releases: bool
    at_once: tuple[MeetingsAtOnce, ...] = ()
    removed: tuple[Meeting, ...] = ()


async def change_run(
    session: AsyncSession,
    clock: Clock,
    run_id: UUID,
    *,
    meetings: Sequence[MeetingPlan],
    reason: str,
    version: int | None = None,
    by: UUID | None = None,
) -> Run:
    """Give a run other times, places or modes; tell everyone booked, and ask their contacts whether they still come.

    The project says whether they are asked. Raises as `bookings.runs.change_run_with_bookings` does.
    """
    run = await lock_run(session, run_id)
    if version is not None:
        check_version(version, run.version)
    project = await get_project_row(session, run.project_id)
    starts_at = min((meeting.starts_at for meeting in meetings), default=run.starts_at)
    was_postponed = run.state == RunState.POSTPONED
    due = due_at(clock.now(), project.confirmation_days, starts_at)
    changed = await change_locked_run(
        session, clock, run, meetings=meetings, reason=reason, by=by, contacts_are_asked=due is not None
    )
    if changed.differs.changes:
        await _supersede(session, clock, run)
        if due is not None:
            question = _question(changed, reason, due, Unanswered(project.unanswered))
            await ask_all(session, clock, run, question, by=by)
    if was_postponed:
        await offer_again(session, clock, run)
    return run


async def postpone_run(
    session: AsyncSession,
    clock: Clock,
    run_id: UUID,
    *,
    reason: str,
    version: int | None = None,
    by: UUID | None = None,
) -> Run:
    """Postpone a run without a date: bookings, queue and pools stay, and nothing new is booked until it has dates.

    Giving it dates again is `change_run`. What was asked about it need not be answered. Raises Conflict for a run that
    is cancelled or postponed already, Refused for one that has begun.
    """
    run = await lock_run(session, run_id)
    if version is not None:
        check_version(version, run.version)
    await postpone_locked_run(session, clock, run, reason=reason, by=by)
    await _supersede(session, clock, run)
    return run


def _question(changed: Changed, reason: str, due: datetime, rule: Unanswered) -> Question:
    differs = changed.differs
    releases = rule is Unanswered.RELEASE
    return Question(differs.changes, reason, due, releases, changed.at_once, differs.removed)


async def cancel_run(session: AsyncSession, clock: Clock, run_id: UUID, *, reason: str, by: UUID | None = None) -> Run:
    """Cancel a run as `bookings.runs.cancel_run_with_bookings` does; what was asked about it need not be answered."""
    run = await cancel_run_with_bookings(session, clock, run_id, reason=reason, by=by)
    await _supersede(session, clock, run)
    return run


async def ask_all(session: AsyncSession, clock: Clock, run: Run, question: Question, *, by: UUID | None) -> None:
    """Ask the contacts of every booking of a run, which is locked against all of them."""
    statement = select(Booking).where(col(Booking.run_id) == run.id, col(Booking.state) == BookingState.CONFIRMED.value)
    statement = statement.order_by(col(Booking.id)).with_for_update().execution_options(populate_existing=True)
    for booking in (await session.exec(statement)).all():
        await _ask(session, clock, run, booking, question, by=by)


async def _ask(
    session: AsyncSession, clock: Clock, run: Run, booking: Booking, question: Question, *, by: UUID | None
) -> None:
    now = clock.now()
    confirmation = Confirmation(
        booking_id=booking.id,
        run_id=run.id,
        sequence=run.sequence,
        changes=list(question.changes),
        reason=question.reason,
        seats=booking.seats,
        asked_at=now,
        due_at=question.due_at,
        next_check_at=next_check_at(now, question.due_at),
    )
    session.add(confirmation)
    booking.answer_due_at = question.due_at
    booking.version += 1
    session.add(_happened(booking, now, by, "asked_after_change"))
    await session.flush()
    fact = ConfirmationAsked(
        **await _about(session, run, booking, confirmation),
        changes=question.changes,
        reason=question.reason,
        due_at=question.due_at,
        releases=question.releases,
        is_reminder=False,
        at_once=question.at_once,
        removed=question.removed,
        recipients=recipients("contact", await contacts_of_booking(session, booking)),
    )
    await record(session, fact, version=booking.version, at=now)


async def confirm(
    session: AsyncSession,
    clock: Clock,
    confirmation_id: UUID,
    *,
    released: Sequence[UUID] = (),
    by: UUID | None = None,
) -> Confirmation:
    """Say that a booking still holds, but for the seats that are `released`; those go to whoever waits.

    Raises Conflict where the question is answered or superseded, Refused once it is due.
    """
    run, booking, confirmation = await _locked(session, confirmation_id)
    CONFIRMATION.check(ConfirmationState(confirmation.state), ConfirmationState.CONFIRMED)
    BOOKING.check(BookingState(booking.state), BookingState.CONFIRMED)
    now = clock.now()
    check_in_time(confirmation.due_at, now)
    before = booking.seats
    if released:
        await _release(session, clock, booking, released, by=by)
    _close(confirmation, booking, ConfirmationState.CONFIRMED, now, by)
    booking.version += 1
    session.add(_happened(booking, now, by, "still_coming"))
    await session.flush()
    await _tell_answer(session, run, booking, confirmation, before, now)
    return confirmation


async def give_up(
    session: AsyncSession, clock: Clock, confirmation_id: UUID, *, reason: str, by: UUID | None = None
) -> Confirmation:
    """Cancel a booking because its run was changed, which is never late. Raises as `confirm` does."""
    run, booking, confirmation = await _locked(session, confirmation_id)
    CONFIRMATION.check(ConfirmationState(confirmation.state), ConfirmationState.GIVEN_UP)
    now = clock.now()
    check_in_time(confirmation.due_at, now)
    await cancel_locked(session, clock, run, booking, reason=reason, by=by, late=False, with_run=False)
    _close(confirmation, booking, ConfirmationState.GIVEN_UP, now, by)
    await session.flush()
    return confirmation


async def check_confirmation(session: AsyncSession, clock: Clock, confirmation_id: UUID) -> bool:
    """Remind of a question that nobody has answered, or apply the project's rule, where that is due; whether it was."""
    run, booking, confirmation = await _locked(session, confirmation_id)
    now = clock.now()
    if confirmation.next_check_at is None or confirmation.next_check_at > now:
        return False
    if booking.state != BookingState.CONFIRMED:
        # cancelled on its own page, where nothing is known of the question
        _close(confirmation, booking, ConfirmationState.GIVEN_UP, now, None)
        await session.flush()
        return True
    project = await get_project_row(session, booking.project_id)
    rule = Unanswered(project.unanswered)
    if now < confirmation.due_at:
        await _remind(session, run, booking, confirmation, rule, now)
        return True
    answer = by_rule(rule, run.starts_at, now)
    before = booking.seats
    if answer is ConfirmationState.RELEASED:
        await cancel_locked(session, clock, run, booking, reason=UNANSWERED, by=None, late=False, with_run=False)
    else:
        session.add(_happened(booking, now, None, "kept_by_rule"))
    _close(confirmation, booking, answer, now, None)
    booking.version += 1
    await session.flush()
    await _tell_answer(session, run, booking, confirmation, before, now)
    return True


async def find_by_code(session: AsyncSession, links: PersonalLinks, code: str) -> tuple[Confirmation, UUID]:
    """Return the question that a link leads to, and whose it is; raises NotFound where it is not one that we wrote."""
    read = links.read(code)
    if read is None:
        raise NotFound(N_("This link is not whole. Copy all of it from the message."), code="link_unknown")
    confirmation_id, person_id = read
    return await get_confirmation(session, confirmation_id), person_id


async def confirm_by_code(session: AsyncSession, clock: Clock, links: PersonalLinks, code: str) -> Confirmation:
    """Say that a booking still holds, in the name of the contact whom the link was sent to."""
    confirmation, person_id = await find_by_code(session, links, code)
    return await confirm(session, clock, confirmation.id, by=person_id)


async def _locked(session: AsyncSession, confirmation_id: UUID) -> tuple[Run, Booking, Confirmation]:
    booking_id = (await get_confirmation(session, confirmation_id)).booking_id
    run, booking = await lock_booking(session, booking_id, shared=True)
    confirmation = await locked(session, Confirmation, confirmation_id)
    assert confirmation is not None
    return run, booking, confirmation


async def _supersede(session: AsyncSession, clock: Clock, run: Run) -> None:
    statement = select(Confirmation).where(
        col(Confirmation.run_id) == run.id, col(Confirmation.state) == ConfirmationState.ASKED.value
    )
    statement = statement.order_by(col(Confirmation.id)).with_for_update().execution_options(populate_existing=True)
    now = clock.now()
    for confirmation in (await session.exec(statement)).all():
        booking = await locked(session, Booking, confirmation.booking_id)
        assert booking is not None
        _close(confirmation, booking, ConfirmationState.SUPERSEDED, now, None)
    await session.flush()


async def _release(
    session: AsyncSession, clock: Clock, booking: Booking, released: Sequence[UUID], *, by: UUID | None
) -> None:
    held = (await seats_of(session, [booking.id]))[booking.id]
    if not set(released) <= {seat.id for seat in held}:
        raise InvalidInput(
            N_("A seat that is given back is not one of the booking. Reload to see its seats."),
            code="seat_unknown",
            field="seats",
        )
    staying = [seat for seat in held if seat.id not in set(released)]
    check_some_stay(len(held), len(held) - len(staying))
    named = tuple(seat.participant_id for seat in staying if seat.participant_id is not None)
    await change_booking(session, clock, booking.id, Change(len(staying), named), by=by)


async def _remind(
    session: AsyncSession, run: Run, booking: Booking, confirmation: Confirmation, rule: Unanswered, now: datetime
) -> None:
    confirmation.next_check_at = confirmation.due_at
    booking.version += 1
    await session.flush()
    fact = ConfirmationAsked(
        **await _about(session, run, booking, confirmation),
        changes=tuple(confirmation.changes),
        reason=confirmation.reason,
        due_at=confirmation.due_at,
        releases=rule is Unanswered.RELEASE,
        is_reminder=True,
        recipients=recipients("contact", await contacts_of_booking(session, booking)),
    )
    await record(session, fact, version=booking.version, at=now)


async def _tell_answer(
    session: AsyncSession, run: Run, booking: Booking, confirmation: Confirmation, before: int, now: datetime
) -> None:
    fact = ConfirmationAnswered(
        **await _about(session, run, booking, confirmation),
        answer=confirmation.state,
        seats_before=before,
        recipients=recipients("contact", await contacts_of_booking(session, booking)),
    )
    await record(session, fact, version=booking.version, at=now)


def _close(
    confirmation: Confirmation, booking: Booking, state: ConfirmationState, now: datetime, by: UUID | None
) -> None:
    CONFIRMATION.check(ConfirmationState(confirmation.state), state)
    confirmation.state, confirmation.next_check_at = state.value, None
    confirmation.answered_at, confirmation.answered_by = now, by
    confirmation.seats_after = booking.seats if booking.state == BookingState.CONFIRMED else 0
    booking.answer_due_at = None


async def _about(session: AsyncSession, run: Run, booking: Booking, confirmation: Confirmation) -> dict[str, object]:
    return {"confirmation_id": confirmation.id, **await told_of_booking(session, booking, run)}


def _happened(booking: Booking, now: datetime, by: UUID | None, change: str) -> BookingHistory:
    return happened(booking, now, by, change, before=BookingState(booking.state), seats_before=booking.seats)
