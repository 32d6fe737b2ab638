"""Booking seats, changing and cancelling bookings. Seats are all or nothing, and never more than the pools have.

A booking takes its employer's kept seats first and open ones for the rest; each seat knows its pool and returns to it.
Lock order: run, booking, then as in `seats.commands`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version
from services.booking.bookings.members import check_need, check_participants, meetings_at_once
from services.booking.bookings.overlaps import follow_seats
from services.booking.bookings.placing import Placed, Setting, place, seats_for, setting_of
from services.booking.bookings.queries import seats_of
from services.booking.bookings.recipients import approvers_of, participants_of
from services.booking.bookings.rules import (
    BOOKING,
    NAMES_DUE,
    UNANSWERED,
    BookingState,
    HeldSeat,
    SeatChanges,
    check_named,
    check_names,
    check_substitution,
    may_approve,
    plan_change,
)
from services.booking.bookings.tables import Booking, Seat
from services.booking.bookings.writing import (
    contacts_of_booking,
    count_late,
    happened,
    if_confirmed,
    lock_booking,
    new_seat,
    release,
    told_of_booking,
)
from services.booking.courses.commands import lock_run
from services.booking.courses.rules import (
    RUN,
    RunState,
    check_has_dates,
    check_not_begun,
    check_not_over,
    is_late_cancellation,
)
from services.booking.courses.tables import Run
from services.booking.courses.terms import check_registration
from services.booking.needs.commands import meet_need, unmeet_needs
from services.booking.needs.rules import MetBy
from services.booking.people.recipients import recipients
from services.booking.projects.queries import get_project_row
from services.booking.seats.caps import has_caps
from services.booking.seats.commands import take_open_seats, take_seats
from services.booking.seats.pools import Taken
from shared.contracts.booking import BookingAsked, BookingCancelled, BookingChanged, BookingConfirmed
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound, Refused
from shared.kernel.ids import new_id, reference
from shared.kernel.roles import Role
from shared.kernel.texts import N_
from shared.messaging.outbox import record, told_of

_BY_TIME: Final = {NAMES_DUE: "cancelled_unnamed", UNANSWERED: "cancelled_unanswered"}


@dataclass(frozen=True, slots=True)
class Order:
    """What an employer asks for: so many seats of a run, some with names, to meet a need of its plan.

    `acting`: as what whoever books it acts for the employer, where she is coach or lead: she may approve it herself.
    """

    project_id: UUID
    employer_id: UUID
    run_id: UUID
    seats: int
    participants: tuple[UUID, ...] = ()
    need_id: UUID | None = None
    acting: Role | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """How a booking shall be. What is None stays; `version` is the one that the person saw.

    `after_lock`: whether she may exchange participants when employers no longer may.
    """

    seats: int | None = None
    participants: tuple[UUID, ...] | None = None
    version: int | None = None
    after_lock: bool = False


async def book_seats(session: AsyncSession, clock: Clock, order: Order, *, by: UUID | None = None) -> Booking:
    """Book seats, all or none, and tell the contacts and the participants. Raises as `place_booking`."""
    return (await place_booking(session, clock, order, by=by)).booking


async def place_booking(
    session: AsyncSession, clock: Clock, order: Order, *, held: Sequence[Taken] = (), by: UUID | None = None
) -> Placed:
    """Book seats, all or none, and tell the contacts and the participants; return what there is to show of it.

    `held` are the seats where they are taken already: those of an offer that is accepted.

    Raises Refused where too few are free (saying how many are), the run has begun or a participant has a seat already;
    InvalidInput where somebody named is not the employer's in the project; Conflict for a cancelled run.
    """
    check_names(order.participants, order.seats)
    await session.flush()
    run = await lock_run(session, order.run_id, shared=True)
    if run.project_id != order.project_id:
        raise NotFound(N_("There is no such run in this project."), code="run_not_found", field="run_id")
    now = clock.now()
    _check_open(run, now)
    if not held:
        check_registration(run.registration_opens, run.registration_closes, now)
    setting = await setting_of(session, run, project_id=order.project_id, employer_id=order.employer_id)
    check_named(order.seats - len(order.participants), run.starts_at, setting.name_by_days, now)
    await _check_participants(session, order, run, order.participants)
    if order.need_id is not None:
        await check_need(session, order.need_id, project_id=order.project_id, employer_id=order.employer_id)
    state = BookingState.CONFIRMED if may_approve(setting.approval, order.acting) else BookingState.ASKED
    booking = Booking(
        id=new_id(),
        reference=reference("B"),
        project_id=order.project_id,
        employer_id=order.employer_id,
        run_id=run.id,
        state=state.value,
        seats=order.seats,
        version=1,
        cancelled_because=None,
        cancelled_late=None,
        declined_because=None,
        late_seats=0,
        created_at=now,
    )
    fact = await _placed_fact(session, booking, run, setting, order)
    told = told_of(fact)
    # last, so that the pool is held for as short as can be
    taken = held or await _take_for(session, run, setting, order)
    seats = seats_for(run, booking.id, taken, order.participants, order.seats)
    refused = await place(
        session, booking, seats, told, now=now, by=by, joined=order.participants, meetings=len(setting.meetings)
    )
    if refused:
        raise await meetings_at_once(session, run, order.participants, refused)
    if order.need_id is not None:
        await meet_need(session, clock, order.need_id, MetBy.SEATS, booking.id, by=by)
    return Placed(booking, run, setting, seats, () if held else taken)


async def _placed_fact(
    session: AsyncSession, booking: Booking, run: Run, setting: Setting, order: Order
) -> BookingConfirmed | BookingAsked:
    """Return what is told of a new booking: of one that must be approved, the participants hear nothing yet."""
    facts: dict[str, object] = {
        "booking_id": booking.id,
        "reference": booking.reference,
        "project_id": booking.project_id,
        "employer_id": booking.employer_id,
        "run": setting.summary(run),
        "run_sequence": run.sequence,
        "seats": booking.seats,
        "named": len(order.participants),
    }
    contacts = recipients("contact", setting.contacts)
    if booking.state == BookingState.CONFIRMED:
        return BookingConfirmed(**facts, recipients=contacts + recipients("participant", order.participants))
    return BookingAsked(**facts, recipients=contacts + await approvers_of(session, booking, setting.approval))


async def _take_for(session: AsyncSession, run: Run, setting: Setting, order: Order) -> Sequence[Taken]:
    if has_caps(run) or setting.kept_pool(order.employer_id) is not None:
        return await take_seats(session, run=run, employer_id=order.employer_id, seats=order.seats)
    pool = setting.open_pool()
    return [await take_open_seats(session, pool, run=run, employer_id=order.employer_id, seats=order.seats)]


async def change_booking(
    session: AsyncSession, clock: Clock, booking_id: UUID, change: Change, *, by: UUID | None = None
) -> Booking:
    """Give a booking other names or another number of seats; more are all or nothing.

    Those who join and leave are told, and the contacts; whoever stays hears nothing. Raises as `book_seats` does,
    and Conflict for a cancelled booking or one that was changed since it was seen.
    """
    run, booking = await lock_booking(session, booking_id, shared=True)
    BOOKING.check(BookingState(booking.state), BookingState(booking.state))
    if change.version is not None:
        check_version(change.version, booking.version)
    now = clock.now()
    seats_before = booking.seats
    seats_after = seats_before if change.seats is None else change.seats
    if run.state != RunState.POSTPONED:
        check_not_over(run.ends_at, now)
    if seats_after > seats_before or (seats_after != seats_before and run.state != RunState.POSTPONED):
        _check_open(run, now)
    if seats_after > seats_before:
        check_registration(run.registration_opens, run.registration_closes, now)
    rows = {seat.id: seat for seat in (await seats_of(session, [booking.id]))[booking.id]}
    held = [HeldSeat(seat.id, seat.number, seat.kept, seat.participant_id) for seat in rows.values()]
    named = tuple(seat.participant_id for seat in held if seat.participant_id is not None)
    changes = plan_change(held, named if change.participants is None else change.participants, seats_after)
    if changes.is_nothing:
        raise Refused(N_("Nothing is new: the seats and names are as they were."), code="booking_unchanged")
    if changes.leave_more_unnamed:
        project = await get_project_row(session, booking.project_id)
        names = len(named) - len(changes.left) + len(changes.joined)
        check_named(seats_after - names, run.starts_at, project.name_by_days, now)
    if any(rows[seat_id].participant_id is not None for seat_id, _ in changes.named):
        project = await get_project_row(session, booking.project_id)
        check_substitution(run.starts_at, project.substitution_lock_days, now, may_after=change.after_lock)
    return await carry_out(session, clock, run, booking, list(rows.values()), changes, by=by)


async def carry_out(
    session: AsyncSession,
    clock: Clock,
    run: Run,
    booking: Booking,
    rows: Sequence[Seat],
    changes: SeatChanges,
    *,
    by: UUID | None,
    why: tuple[str, str | None] = ("changed", None),
) -> Booking:
    """Change the seats of a booking that is locked with its run, write it down and tell of it.

    `why` is the kind of change in the history, and the reason that is given for it.

    Raises as `book_seats` does where somebody who joins may not have a seat.
    """
    await _check_participants(session, booking, run, changes.joined)
    await _change_seats(session, clock, run, booking, rows, changes)
    now = clock.now()
    seats_before = booking.seats
    if changes.released:
        await count_late(session, booking, run, len(changes.released), now)
    booking.seats = len(rows) - len(changes.released) + len(changes.added)
    booking.version += 1
    row = happened(
        booking,
        now,
        by,
        why[0],
        before=BookingState(booking.state),
        seats_before=seats_before,
        joined=changes.joined,
        left_out=changes.left,
    )
    row.reason = why[1]
    session.add(row)
    await session.flush()
    fact = BookingChanged(
        **await told_of_booking(session, booking, run),
        seats_before=seats_before,
        recipients=recipients("contact", await contacts_of_booking(session, booking))
        + if_confirmed(
            booking, recipients("participant", changes.joined) + recipients("former_participant", changes.left)
        ),
    )
    await record(session, fact, version=booking.version, at=now)
    return booking


async def cancel_booking(
    session: AsyncSession, clock: Clock, booking_id: UUID, *, reason: str, by: UUID | None = None
) -> Booking:
    """Cancel a booking and free its seats; whether the days of free cancellation had passed is kept with it."""
    run, booking = await lock_booking(session, booking_id, shared=True)
    BOOKING.check(BookingState(booking.state), BookingState.CANCELLED)
    now = clock.now()
    has_dates = run.state != RunState.POSTPONED
    if has_dates:
        check_not_begun(run.starts_at, now)
    project = await get_project_row(session, booking.project_id)
    # whoever is asked whether she still comes after a change, or does not know when it is, is never late to say no
    may_be_late = booking.state == BookingState.CONFIRMED and has_dates and booking.answer_due_at is None
    late = may_be_late and is_late_cancellation(run.starts_at, now, project.free_cancellation_days)
    await cancel_locked(session, clock, run, booking, reason=reason, by=by, late=late, with_run=False)
    return booking


async def cancel_locked(
    session: AsyncSession,
    clock: Clock,
    run: Run,
    booking: Booking,
    *,
    reason: str,
    by: UUID | None,
    late: bool,
    with_run: bool,
) -> None:
    """Cancel a booking that is locked together with its run, free its seats, and tell everyone concerned.

    Where nobody decided it, but time, the reason is a code, `NAMES_DUE` or `UNANSWERED`, with words of each language.
    """
    now = clock.now()
    before = BookingState(booking.state)
    BOOKING.check(before, BookingState.CANCELLED)
    named = await participants_of(session, booking.id)
    told = await told_of_booking(session, booking, run)
    await release(session, clock, run, booking, (await seats_of(session, [booking.id]))[booking.id])
    booking.state = BookingState.CANCELLED.value
    booking.cancelled_because, booking.cancelled_late = reason, late
    booking.late_seats += booking.seats if late else 0
    booking.answer_due_at = None
    booking.version += 1
    because = reason if reason in _BY_TIME else None
    change = _BY_TIME.get(reason, "cancelled")
    row = happened(booking, now, by, change, before=before, seats_before=booking.seats, left_out=named)
    row.reason, row.seats_after = (reason if because is None else None), 0
    session.add(row)
    await session.flush()
    await unmeet_needs(session, clock, booking.id, by=by)
    fact = BookingCancelled(
        **told,
        reason=reason,
        with_run=with_run,
        because=because,
        recipients=recipients("contact", await contacts_of_booking(session, booking))
        + (recipients("participant", named) if before is BookingState.CONFIRMED else ()),
    )
    await record(session, fact, version=booking.version, at=now)


def _check_open(run: Run, now: datetime) -> None:
    check_has_dates(RunState(run.state))
    RUN.check(RunState(run.state), RunState.SCHEDULED)
    check_not_begun(run.starts_at, now)


async def _check_participants(session: AsyncSession, claim: Order | Booking, run: Run, people: Sequence[UUID]) -> None:
    await check_participants(
        session,
        people,
        project_id=claim.project_id,
        employer_id=claim.employer_id,
        run=run,
    )


async def _change_seats(
    session: AsyncSession,
    clock: Clock,
    run: Run,
    booking: Booking,
    rows: Sequence[Seat],
    changes: SeatChanges,
) -> None:
    by_id = {seat.id: seat for seat in rows}
    await release(session, clock, run, booking, [by_id[seat_id] for seat_id in changes.released])
    for seat_id, name in changes.named:
        by_id[seat_id].participant_id = name
    await session.flush()
    changed = [seat_id for seat_id, _ in changes.named]
    if changes.added:
        changed += await _add_seats(session, run, booking, changes)
    refused = await follow_seats(session, changed, changes.left)
    if refused:
        raise await meetings_at_once(session, run, changes.joined, refused)


async def _add_seats(session: AsyncSession, run: Run, booking: Booking, changes: SeatChanges) -> list[UUID]:
    taken = await take_seats(session, run=run, employer_id=booking.employer_id, seats=len(changes.added))
    last = await session.exec(select(func.max(Seat.number)).where(col(Seat.booking_id) == booking.id))
    first_number = (last.one() or 0) + 1
    origins = [(part.pool_id, part.kept) for part in taken for _ in range(part.seats)]
    added = [
        new_seat(booking, number, pool_id, name, kept=kept)
        for number, ((pool_id, kept), name) in enumerate(zip(origins, changes.added, strict=True), first_number)
    ]
    session.add_all(added)
    await session.flush()
    return [seat.id for seat in added]
