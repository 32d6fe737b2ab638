"""Changing what a course is called and said to be, and the terms on which a run of it is booked and held.

A run's times and places are changed by `commands.change_run`.
"""

from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version, locked
from services.booking.courses.commands import area_named, lock_run
from services.booking.courses.finding import describe_runs_of_course
from services.booking.courses.queries import terms_of
from services.booking.courses.rules import RUN, CourseWords, RunState, check_not_begun
from services.booking.courses.tables import Course, CourseHistory, Run, RunHistory
from services.booking.courses.terms import Terms, check_terms, next_ask
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound, Refused
from shared.kernel.texts import N_

_TOO_LONG_TO_TELL: Final = frozenset({"description"})


async def change_terms(
    session: AsyncSession,
    clock: Clock,
    run_id: UUID,
    terms: Terms,
    *,
    reason: str,
    version: int | None = None,
    by: UUID | None = None,
) -> Run:
    """Give a run other terms; the history tells each by itself. A new minimum or day is decided on anew.

    Raises Several where they cannot be kept, Refused where nothing is new or the run has begun, Conflict where it was
    changed meanwhile or is cancelled.
    """
    run = await lock_run(session, run_id)
    if version is not None:
        check_version(version, run.version)
    RUN.check(RunState(run.state), RunState.SCHEDULED)
    now = clock.now()
    check_not_begun(run.starts_at, now)
    before = asdict(terms_of(run))
    check_terms(terms, capacity=run.capacity, first_starts_at=run.starts_at, now=now, before=terms_of(run))
    changed = {name: value for name, value in asdict(terms).items() if before[name] != value}
    if not changed:
        raise Refused(N_("Nothing is new: the terms are as they were."), code="terms_unchanged")
    for name, value in changed.items():
        row = RunHistory(run_id=run_id, at=now, actor_id=by, change=name, before=_kept(before[name]))
        row.after, row.reason = _kept(value), reason
        session.add(row)
        setattr(run, name, value)
    if changed.keys() & {"minimum", "decide_on"}:
        run.upheld_at, run.next_check_at = None, next_ask(terms.decide_on, now)
    run.version += 1
    session.add(run)
    await session.flush()
    return run


async def change_course(
    session: AsyncSession,
    clock: Clock,
    course_id: UUID,
    words: CourseWords,
    *,
    reason: str,
    version: int,
    by: UUID | None = None,
) -> Course:
    """Give a course other words, by which its runs are found from now on; the history tells each by itself.

    Raises NotFound, Conflict where it was changed meanwhile, Refused where nothing is new. Nobody is told.
    """
    course = await locked(session, Course, course_id)
    if course is None:
        raise NotFound(N_("There is no such course."), code="course_not_found")
    check_version(version, course.version)
    area = None if words.area is None else await area_named(session, course.project_id, words.area)
    wished = asdict(replace(words, area=area))
    changed = {name: value for name, value in wished.items() if getattr(course, name) != value}
    if not changed:
        raise Refused(N_("Nothing is new: the course is as it was."), code="course_unchanged")
    now = clock.now()
    for name, value in changed.items():
        row = CourseHistory(course_id=course_id, at=now, actor_id=by, change=name, reason=reason)
        if name not in _TOO_LONG_TO_TELL:
            row.before, row.after = getattr(course, name), value
        session.add(row)
        setattr(course, name, value)
    course.version += 1
    session.add(course)
    await session.flush()
    await describe_runs_of_course(session, course_id)
    return course


def _kept(value: int | date | datetime | None) -> str | None:
    if value is None:
        return None
    return str(value) if isinstance(value, int) else value.isoformat()
