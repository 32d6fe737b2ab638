"""Whether a run that too few have booked is held: those who decide are warned and asked, and what they decide is kept.

Never decided here by itself: a run is held though too few have booked, or cancelled, by whoever leads the project.
"""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.queries import active_bookings_of
from services.booking.bookings.rules import BookingState
from services.booking.bookings.tables import Booking
from services.booking.bookings.told import concerned_by
from services.booking.courses.commands import lock_run
from services.booking.courses.queries import summary_of, terms_of
from services.booking.courses.rules import RUN, RunState, check_not_begun
from services.booking.courses.tables import Run, RunHistory
from services.booking.courses.terms import asked_at, check_uphold
from services.booking.people.recipients import coaches_of, contacts_of, leads_of, recipients
from shared.contracts.booking import RunConfirmed, RunDecisionAsked
from shared.contracts.facts import Recipient
from shared.kernel.clock import Clock
from shared.messaging.outbox import record


async def follow_up_minimum(session: AsyncSession, clock: Clock, run_id: UUID) -> bool:
    """Warn of a run that too few have booked, or ask for a decision, where that is due; whether it was told.

    Leads and coaches are warned; who is asked on the day itself are the leads.
    """
    run = await lock_run(session, run_id)
    now = clock.now()
    if run.next_check_at is None or run.next_check_at > now:
        return False
    assert run.minimum is not None
    assert run.decide_on is not None
    is_due = now >= asked_at(run.decide_on)
    run.next_check_at = None if is_due else asked_at(run.decide_on)
    session.add(run)
    await session.flush()
    booked = (await concerned_by(session, run_id)).seats
    if run.state != RunState.SCHEDULED or now >= run.starts_at or booked >= run.minimum:
        return False
    told = recipients("project_lead", await leads_of(session, project_id=run.project_id))
    if not is_due:
        told += await _coaches(session, run)
    fact = RunDecisionAsked(
        run_id=run.id,
        project_id=run.project_id,
        run=await summary_of(session, run),
        booked=booked,
        minimum=run.minimum,
        decide_on=run.decide_on,
        is_due=is_due,
        recipients=told,
    )
    await record(session, fact, version=run.version, at=now)
    return True


async def uphold_run(session: AsyncSession, clock: Clock, run_id: UUID, *, reason: str, by: UUID | None = None) -> Run:
    """Decide that a run is held though too few have booked; coaches and those who have booked are told.

    Raises Refused where there is nothing to decide or the run has begun, Conflict where it is cancelled.
    """
    run = await lock_run(session, run_id)
    RUN.check(RunState(run.state), RunState.SCHEDULED)
    now = clock.now()
    check_not_begun(run.starts_at, now)
    booked = (await concerned_by(session, run_id)).seats
    check_uphold(terms_of(run), booked=booked, upheld=run.upheld_at is not None)
    assert run.minimum is not None
    run.upheld_at, run.next_check_at = now, None
    run.version += 1
    row = RunHistory(run_id=run_id, at=now, actor_id=by, change="upheld", before=str(run.minimum), after=str(booked))
    row.reason = reason
    session.add_all([run, row])
    await session.flush()
    fact = RunConfirmed(
        run_id=run.id,
        project_id=run.project_id,
        run=await summary_of(session, run),
        booked=booked,
        minimum=run.minimum,
        reason=reason,
        recipients=await _coaches(session, run) + await _contacts(session, run),
    )
    await record(session, fact, version=run.version, at=now)
    return run


async def _coaches(session: AsyncSession, run: Run) -> tuple[Recipient, ...]:
    """Return who coaches in the whole project, or an employer that has booked."""
    booked = select(Booking.employer_id).where(
        col(Booking.run_id) == run.id, col(Booking.state) == BookingState.CONFIRMED.value
    )
    employers = (await session.exec(booked.distinct())).all()
    return recipients("coach", await coaches_of(session, project_id=run.project_id, employer_ids=employers))


async def _contacts(session: AsyncSession, run: Run) -> tuple[Recipient, ...]:
    found: dict[UUID, None] = {}
    for booking in await active_bookings_of(session, run.id):
        people = await contacts_of(session, project_id=run.project_id, employer_id=booking.employer_id)
        found.update(dict.fromkeys(people))
    return recipients("contact", found)
