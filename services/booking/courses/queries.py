"""Reads of courses, runs and meetings, and the summary of a run that facts carry."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.rules import FeePayer, MeetingPlan, Mode, RunPlan
from services.booking.courses.tables import (
    Course,
    CourseArea,
    CourseHistory,
    Meeting,
    Run,
    RunHistory,
    RunMaterial,
    RunTrainer,
)
from services.booking.courses.terms import Terms
from shared.contracts import facts
from shared.db import rows_of
from shared.kernel.errors import NotFound
from shared.kernel.grants import Scope
from shared.kernel.texts import N_
from shared.web.paging import PageFilter, Rows, page_of

TRAINERS_OF_RUN: Final = "ARRAY(SELECT person_id FROM run_trainers AS named WHERE named.run_id = run.id)"
_RUN_SCOPE: Final = f"SELECT run.project_id, {TRAINERS_OF_RUN} FROM runs AS run WHERE run.id = $1"  # noqa: S608 - of our own texts alone


async def get_course(session: AsyncSession, course_id: UUID) -> Course:
    """Return the course; raises NotFound."""
    course = await session.get(Course, course_id)
    if course is None:
        raise NotFound(N_("There is no such course."), code="course_not_found")
    return course


async def get_run(session: AsyncSession, run_id: UUID) -> Run:
    """Return the run; raises NotFound."""
    run = await session.get(Run, run_id)
    if run is None:
        raise NotFound(N_("There is no such run."), code="run_not_found")
    return run


async def list_courses(session: AsyncSession, project_id: UUID, query: PageFilter) -> Rows[Course]:
    """Return the project's courses by title."""
    return await page_of(
        session,
        select(Course).where(col(Course.project_id) == project_id),
        [col(Course.title), col(Course.id)],
        query,
        keys=lambda course: (course.title, course.id),
    )


async def list_runs(
    session: AsyncSession, project_id: UUID, query: PageFilter, *conditions: ColumnElement[bool]
) -> Rows[Run]:
    """Return the project's runs that meet the conditions, the earliest first."""
    return await page_of(
        session,
        select(Run).where(col(Run.project_id) == project_id, *conditions),
        [col(Run.starts_at), col(Run.id)],
        query,
        keys=lambda run: (run.starts_at, run.id),
    )


async def areas_of(session: AsyncSession, project_id: UUID) -> Sequence[str]:
    """Return the names of the project's areas of courses, in order."""
    statement = select(CourseArea.name).where(col(CourseArea.project_id) == project_id)
    return (await session.exec(statement.order_by(col(CourseArea.name)))).all()


def terms_of(run: Run) -> Terms:
    """Return the terms on which the run is booked and held."""
    return Terms(run.minimum, run.decide_on, run.registration_opens, run.registration_closes)


def plan_of_run(run: Run, meetings: Sequence[Meeting]) -> RunPlan:
    """Return the plan by which a run like it is scheduled."""
    return RunPlan(
        capacity=run.capacity,
        meetings=tuple(
            MeetingPlan(each.starts_at, each.ends_at, Mode(each.mode), each.place, each.digital_link)
            for each in meetings
        ),
        municipality=run.municipality,
        price_ore=run.price_ore,
        fee_payer=FeePayer(run.fee_payer) if run.fee_payer else None,
        employer_cap=run.employer_cap,
        undertaking_cap=run.undertaking_cap,
        terms=terms_of(run),
    )


async def meetings_of(session: AsyncSession, run_id: UUID) -> Sequence[Meeting]:
    """Return the run's meetings in order."""
    return (await meetings_by_run(session, [run_id]))[run_id]


async def meetings_by_run(session: AsyncSession, run_ids: Sequence[UUID]) -> Mapping[UUID, Sequence[Meeting]]:
    """Return the meetings of each run, in order."""
    found: dict[UUID, list[Meeting]] = {run_id: [] for run_id in run_ids}
    order = (col(Meeting.starts_at), col(Meeting.id))
    for meeting in await session.exec(select(Meeting).where(col(Meeting.run_id).in_(found)).order_by(*order)):
        found[meeting.run_id].append(meeting)
    return found


async def courses_by_id(session: AsyncSession, course_ids: Sequence[UUID]) -> Mapping[UUID, Course]:
    """Return the courses by their ids."""
    found = await session.exec(select(Course).where(col(Course.id).in_(set(course_ids))))
    return {course.id: course for course in found}


async def summary_of(session: AsyncSession, run: Run) -> facts.RunSummary:
    """Return what a recipient needs to know of the run. A digital link is not told: it lets whoever has it in."""
    return summary_with(run, await get_course(session, run.course_id), await meetings_of(session, run.id))


def summary_with(run: Run, course: Course, meetings: Sequence[Meeting]) -> facts.RunSummary:
    """Return it made of what has been read already."""
    return facts.RunSummary(
        run_id=run.id,
        reference=run.reference,
        course_title=course.title,
        mode=run.mode,
        meetings=tuple(
            facts.Meeting(
                meeting_id=meeting.id,
                starts_at=meeting.starts_at,
                ends_at=meeting.ends_at,
                mode=meeting.mode,
                place=meeting.place,
            )
            for meeting in meetings
        ),
    )


async def run_history(session: AsyncSession, run_id: UUID) -> Sequence[RunHistory]:
    """Return what has happened to the run, the first first."""
    statement = select(RunHistory).where(col(RunHistory.run_id) == run_id).order_by(col(RunHistory.id))
    return (await session.exec(statement)).all()


async def course_history(session: AsyncSession, course_id: UUID) -> Sequence[CourseHistory]:
    """Return what has happened to the course, the first first."""
    statement = select(CourseHistory).where(col(CourseHistory.course_id) == course_id)
    return (await session.exec(statement.order_by(col(CourseHistory.id)))).all()


async def find_due_reminders(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Return meetings whose reminder is due, the longest due first."""
    due = select(Meeting.id).where(col(Meeting.next_check_at) <= now)
    return (await session.exec(due.order_by(col(Meeting.next_check_at), col(Meeting.id)).limit(limit))).all()


async def find_due_decisions(session: AsyncSession, now: datetime, limit: int) -> Sequence[UUID]:
    """Return runs whose minimum is to be looked at now, the longest due first."""
    due = select(Run.id).where(col(Run.next_check_at) <= now)
    return (await session.exec(due.order_by(col(Run.next_check_at), col(Run.id)).limit(limit))).all()


async def find_course_scope(session: AsyncSession, course_id: UUID) -> Scope | None:
    """Return whose a course is."""
    course = await session.get(Course, course_id)
    return None if course is None else Scope(projects=frozenset({course.project_id}))


async def find_run_scope(session: AsyncSession, run_id: UUID) -> Scope | None:
    """Return whose a run is, and which trainers alone reach it where it names any."""
    return scope_of(await rows_of(session, _RUN_SCOPE, run_id))


def scope_of(found: Sequence[tuple[UUID, Sequence[UUID]]]) -> Scope | None:
    """Return the scope that a row of a project and the trainers named is; None where there is no row."""
    if not found:
        return None
    project_id, named = found[0]
    return Scope(projects=frozenset({project_id}), trainers=frozenset(named) if named else None)


async def trainers_named(session: AsyncSession, run_id: UUID) -> Sequence[UUID]:
    """Return who is named to hold the run, by id."""
    statement = select(RunTrainer.person_id).where(col(RunTrainer.run_id) == run_id)
    return (await session.exec(statement.order_by(col(RunTrainer.person_id)))).all()


def trained_by(person_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a run names the trainer, or nobody."""
    named = select(RunTrainer.run_id).where(col(RunTrainer.run_id) == col(Run.id))
    return ~named.exists() | named.where(col(RunTrainer.person_id) == person_id).exists()


async def materials_of(session: AsyncSession, run_id: UUID) -> Sequence[RunMaterial]:
    """Return what there is to read for the run, in its order."""
    statement = select(RunMaterial).where(col(RunMaterial.run_id) == run_id)
    return (await session.exec(statement.order_by(col(RunMaterial.position)))).all()
