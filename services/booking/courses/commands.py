"""Adding courses, scheduling, changing and cancelling runs.

Pools and bookings belong to later areas: `seats.commands.schedule_run_with_pools`, `bookings.runs` put the whole
together and give what is told here about them as plain values.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, func
from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import locked
from services.booking.courses.finding import describe_run
from services.booking.courses.queries import meetings_of, summary_of
from services.booking.courses.rules import (
    RUN,
    CoursePlan,
    MeetingPlan,
    Mode,
    RunPlan,
    RunState,
    changes_between,
    check_not_begun,
    check_not_over,
    check_plan,
    in_order,
    mode_of,
    reminder_at,
)
from services.booking.courses.tables import Course, CourseArea, CourseHistory, Meeting, Run, RunHistory
from services.booking.courses.terms import check_terms, fitting, next_ask
from services.booking.courses.words_index import ANY_CASE
from services.booking.projects.tables import Project
from shared.contracts.booking import (
    KeptSeats,
    MeetingApproached,
    MeetingsAtOnce,
    RunCancelled,
    RunChanged,
    RunPostponed,
    RunScheduled,
)
from shared.contracts.facts import Meeting as MeetingPart
from shared.contracts.facts import Recipient
from shared.kernel.clock import Clock
from shared.kernel.errors import InvalidInput, NotFound, Refused
from shared.kernel.ids import new_id, reference
from shared.kernel.texts import N_
from shared.messaging.outbox import record

_RUN = select(Run).where(col(Run.id) == bindparam("run_id")).execution_options(populate_existing=True)
_OWN_RUN, _SHARED_RUN = _RUN.with_for_update(of=Run), _RUN.with_for_update(read=True, of=Run)


@dataclass(frozen=True, slots=True)
class RunDiffers:
    """What a change made other of a run: which of times, place and mode, and the meetings that it has no longer."""

    changes: tuple[str, ...]
    removed: tuple[MeetingPart, ...]


async def add_course(
    session: AsyncSession,
    clock: Clock,
    *,
    project_id: UUID,
    plan: CoursePlan,
    course_id: UUID | None = None,
    by: UUID | None = None,
) -> Course:
    """Add a course to a project; `course_id` where the caller has a stable one."""
    area = None if plan.area is None else await area_named(session, project_id, plan.area)
    now = clock.now()
    course = Course(
        id=course_id or new_id(),
        project_id=project_id,
        title=plan.title,
        description=plan.description,
        area=area,
        language=plan.language,
        cpv=plan.cpv,
        kind=plan.kind.value,
        created_at=now,
    )
    session.add(course)
    await session.flush()
    session.add(CourseHistory(course_id=course.id, at=now, actor_id=by, change="added"))
    await session.flush()
    return course


async def area_named(session: AsyncSession, project_id: UUID, name: str) -> str:
    """Return what the project calls the area, added where it has none of that name in any case of letters."""
    same = func.lower(col(CourseArea.name).collate(ANY_CASE)) == name.lower()
    known = select(CourseArea.name).where(col(CourseArea.project_id) == project_id, same).limit(1)
    if (found := (await session.exec(known)).first()) is not None:
        return found
    await session.exec(insert(CourseArea).values(project_id=project_id, name=name).on_conflict_do_nothing())
    return name


async def lock_run(session: AsyncSession, run_id: UUID, *, shared: bool = False) -> Run:
    """Return the run, locked: for whoever changes it, or shared with other bookings of it. Raises NotFound."""
    statement = _SHARED_RUN if shared else _OWN_RUN
    run = (await session.exec(statement, params={"run_id": run_id})).first()
    if run is None:
        raise NotFound(N_("There is no such run."), code="run_not_found")
    return run


async def schedule_run(
    session: AsyncSession,
    clock: Clock,
    *,
    course: Course,
    plan: RunPlan,
    kept: Sequence[KeptSeats] = (),
    by: UUID | None = None,
    contract_line_id: UUID | None = None,
    run_id: UUID | None = None,
) -> Run:
    """Schedule a run of the course and tell so. Raises InvalidInput for a plan that cannot be held.

    Opens no pools: `seats.commands.schedule_run_with_pools` does both.
    """
    check_plan(plan)
    meetings = in_order(plan.meetings)
    now = clock.now()
    check_terms(plan.terms, capacity=plan.capacity, first_starts_at=meetings[0].starts_at, now=now)
    run = Run(
        id=run_id or new_id(),
        reference=reference("R"),
        course_id=course.id,
        project_id=course.project_id,
        state=RunState.SCHEDULED.value,
        municipality=plan.municipality,
        capacity=plan.capacity,
        employer_cap=plan.employer_cap,
        undertaking_cap=plan.undertaking_cap,
        price_ore=plan.price_ore,
        fee_payer=plan.fee_payer.value if plan.fee_payer else None,
        contract_line_id=contract_line_id,
        created_at=now,
        next_check_at=next_ask(plan.terms.decide_on, now),
        **asdict(plan.terms),
        **_times(meetings),
    )
    session.add(run)
    await session.flush()
    await _replace_meetings(session, run, {}, meetings, now)
    session.add(RunHistory(run_id=run.id, at=now, actor_id=by, change="scheduled", before=None, after=run.state))
    await session.flush()
    fact = RunScheduled(
        run_id=run.id,
        project_id=run.project_id,
        run=await summary_of(session, run),
        capacity=run.capacity,
        contract_line_id=contract_line_id,
        kept=tuple(kept),
    )
    await record(session, fact, version=run.version, at=now)
    return run


async def change_run(
    session: AsyncSession,
    clock: Clock,
    *,
    run: Run,
    meetings: Sequence[MeetingPlan],
    reason: str,
    recipients: Sequence[Recipient],
    at_once: Sequence[MeetingsAtOnce] = (),
    by: UUID | None = None,
) -> RunDiffers:
    """Give a locked run other times, places or modes, and tell everyone booked why.

    `meetings` is the whole list; one with a `meeting_id` keeps its id. A moved meeting is reminded of anew.
    One that is postponed is scheduled again by it. Raises Conflict for a cancelled run, Refused for one that is over or
    where nothing is new.
    """
    state = RunState(run.state)
    RUN.check(state, RunState.SCHEDULED)
    now = clock.now()
    if state is not RunState.POSTPONED:
        check_not_over(run.ends_at, now)
    rows = {row.id: row for row in await meetings_of(session, run.id)}
    before = [_plan_of(row) for row in rows.values()]
    wished = [_with_link(meeting, rows) for meeting in in_order(meetings)]
    _check_known(wished, rows.keys())
    changes = changes_between(before, wished)
    if state is RunState.POSTPONED:
        changes = ("times",)
        run.state = RunState.SCHEDULED.value
    links_only = not changes and [each.digital_link for each in before] != [each.digital_link for each in wished]
    if not changes and not links_only:
        raise Refused(N_("Nothing is new: times, places and modes are as they were."), code="run_unchanged")
    removed = await _removed(session, run, {meeting.meeting_id for meeting in wished})
    await _replace_meetings(session, run, rows, wished, now)
    run.version += 1
    run.sequence += 1 if changes else 0
    for name, value in _times(wished).items():
        setattr(run, name, value)
    if run.next_check_at is not None:
        run.decide_on = fitting(run.decide_on, run.starts_at)
        run.next_check_at = next_ask(run.decide_on, now)
    what = ", ".join(changes) or "links"
    session.add(
        RunHistory(run_id=run.id, at=now, actor_id=by, change=what, before=state.value, after=run.state, reason=reason)
    )
    await session.flush()
    if changes:
        fact = RunChanged(
            run_id=run.id,
            project_id=run.project_id,
            run=await summary_of(session, run),
            changes=changes,
            reason=reason,
            sequence=run.sequence,
            recipients=tuple(recipients),
            at_once=tuple(at_once),
            removed=removed,
        )
        await record(session, fact, version=run.version, at=now)
    return RunDiffers(changes, removed)


async def postpone_run(
    session: AsyncSession,
    clock: Clock,
    *,
    run: Run,
    reason: str,
    recipients: Sequence[Recipient],
    by: UUID | None = None,
) -> Run:
    """Take away the meetings of a locked run that has not begun, until it has others, and tell everyone why.

    Raises Conflict for a run that is cancelled or postponed already, Refused for one that has begun.
    """
    state = RunState(run.state)
    RUN.check(state, RunState.POSTPONED)
    now = clock.now()
    check_not_begun(run.starts_at, now)
    removed = await _removed(session, run, set())
    for meeting in await meetings_of(session, run.id):
        await session.delete(meeting)
    run.state = RunState.POSTPONED.value
    run.version += 1
    run.sequence += 1
    session.add(
        RunHistory(
            run_id=run.id, at=now, actor_id=by, change="postponed", before=state.value, after=run.state, reason=reason
        )
    )
    await session.flush()
    fact = RunPostponed(
        run_id=run.id,
        project_id=run.project_id,
        run=await summary_of(session, run),
        removed=removed,
        reason=reason,
        sequence=run.sequence,
        recipients=tuple(recipients),
    )
    await record(session, fact, version=run.version, at=now)
    return run


async def cancel_run(
    session: AsyncSession,
    clock: Clock,
    *,
    run: Run,
    reason: str,
    recipients: Sequence[Recipient],
    by: UUID | None = None,
) -> Run:
    """Cancel a locked run, and tell everyone booked why. Its bookings are cancelled by the caller, before this."""
    state = RunState(run.state)
    RUN.check(state, RunState.CANCELLED)
    now = clock.now()
    if state is not RunState.POSTPONED:
        check_not_over(run.ends_at, now)
    for meeting in await meetings_of(session, run.id):
        meeting.next_check_at = None
    run.state, run.cancelled_because, run.next_check_at = RunState.CANCELLED.value, reason, None
    run.version += 1
    run.sequence += 1
    session.add(
        RunHistory(
            run_id=run.id, at=now, actor_id=by, change="cancelled", before=state.value, after=run.state, reason=reason
        )
    )
    await session.flush()
    fact = RunCancelled(
        run_id=run.id,
        project_id=run.project_id,
        run=await summary_of(session, run),
        reason=reason,
        sequence=run.sequence,
        recipients=tuple(recipients),
    )
    await record(session, fact, version=run.version, at=now)
    return run


def _times(meetings: Sequence[MeetingPlan]) -> dict[str, Any]:
    return {
        "mode": mode_of([meeting.mode for meeting in meetings]).value,
        "starts_at": meetings[0].starts_at,
        "ends_at": max(meeting.ends_at for meeting in meetings),
    }


def _meeting(run_id: UUID, plan: MeetingPlan, next_check_at: datetime | None) -> Meeting:
    return Meeting(
        run_id=run_id,
        starts_at=plan.starts_at,
        ends_at=plan.ends_at,
        mode=plan.mode.value,
        place=plan.place,
        digital_link=plan.digital_link,
        next_check_at=next_check_at,
    )


def _plan_of(row: Meeting) -> MeetingPlan:
    return MeetingPlan(
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        mode=Mode(row.mode),
        place=row.place,
        digital_link=row.digital_link,
        meeting_id=row.id,
    )


def _with_link(plan: MeetingPlan, rows: Mapping[UUID, Meeting]) -> MeetingPlan:
    row = rows.get(plan.meeting_id) if plan.keeps_link and plan.meeting_id else None
    return plan if row is None else replace(plan, digital_link=row.digital_link)


def _check_known(wished: Sequence[MeetingPlan], known: Collection[UUID]) -> None:
    ids = [meeting.meeting_id for meeting in wished if meeting.meeting_id is not None]
    if len(set(ids)) != len(ids) or not set(ids) <= set(known):
        raise InvalidInput(
            N_("A meeting_id is given twice, or is not one of this run. Leave it out for a new meeting."),
            code="meeting_unknown",
            field="meetings",
        )


async def _removed(session: AsyncSession, run: Run, staying: Collection[UUID | None]) -> tuple[MeetingPart, ...]:
    meetings = (await summary_of(session, run)).meetings
    return tuple(meeting for meeting in meetings if meeting.meeting_id not in staying)


async def _replace_meetings(
    session: AsyncSession, run: Run, rows: Mapping[UUID, Meeting], wished: Sequence[MeetingPlan], now: datetime
) -> None:
    days = await _reminder_days(session, run.project_id)
    for gone in rows.keys() - {meeting.meeting_id for meeting in wished}:
        await session.delete(rows[gone])
    for plan in wished:
        row = rows.get(plan.meeting_id) if plan.meeting_id else None
        if row is None:
            session.add(_meeting(run.id, plan, reminder_at(plan.starts_at, days, now)))
            continue
        if row.starts_at != plan.starts_at:
            row.next_check_at = reminder_at(plan.starts_at, days, now)
        row.starts_at, row.ends_at, row.mode = plan.starts_at, plan.ends_at, plan.mode.value
        row.place, row.digital_link = plan.place, plan.digital_link
    await session.flush()
    await describe_run(session, run.id)


async def _reminder_days(session: AsyncSession, project_id: UUID) -> int:
    # held, so that a change of the setting meanwhile sees the meetings that are planned by the old one
    found = await session.exec(
        select(Project.reminder_days).where(col(Project.id) == project_id).with_for_update(read=True)
    )
    return found.one()


async def tell_of_meeting(
    session: AsyncSession, clock: Clock, *, run: Run, meeting_id: UUID, recipients: Sequence[Recipient]
) -> bool:
    """Tell that a meeting of a locked run is near, once; return whether it was told.

    Nothing is told where the reminder is not due (another worker was first, or the meeting was moved), where the
    meeting has begun, and where nobody has a seat.
    """
    meeting = await locked(session, Meeting, meeting_id)
    now = clock.now()
    if meeting is None or meeting.next_check_at is None or meeting.next_check_at > now:
        return False
    meeting.next_check_at = None
    await session.flush()
    if meeting.starts_at <= now or run.state != RunState.SCHEDULED or not recipients:
        return False
    fact = MeetingApproached(
        run_id=run.id,
        project_id=run.project_id,
        run=await summary_of(session, run),
        meeting_id=meeting.id,
        starts_at=meeting.starts_at,
        recipients=tuple(recipients),
    )
    await record(session, fact, version=run.version, at=now)
    return True
