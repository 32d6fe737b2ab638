"""Courses that participants took elsewhere: entered for an employer's people with evidence, and then decided on."""

from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import locked
from services.booking.employers.employments import check_member
from services.booking.employers.queries import get_employee
from services.booking.needs.commands import locked_need, settle_need
from services.booking.needs.queries import find_need_scope
from services.booking.needs.rules import MetBy, Way
from services.booking.projects.queries import get_project_row
from services.booking.proof.outside_rules import (
    OUTSIDE_COURSE,
    OutsideDetails,
    OutsideState,
    check_decider,
    check_period,
    evidence_type,
)
from services.booking.proof.tables import OutsideCourse, OutsideCourseHistory, OutsideEvidence
from shared.contracts.booking import OutsideCourseDecided
from shared.contracts.facts import Recipient
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, InvalidInput, NotFound
from shared.kernel.ids import new_id
from shared.kernel.texts import N_
from shared.messaging.outbox import record


async def enter_outside_course(
    session: AsyncSession,
    clock: Clock,
    whose: tuple[UUID, UUID, UUID],
    details: OutsideDetails,
    evidence: bytes,
    *,
    by: UUID,
) -> OutsideCourse:
    """Enter a course that one of an employer's people took; `whose` are project, employer and person.

    Raises NotFound for nobody of the employer's in the project, InvalidInput for a course that has not ended or was not
    given while the project lasts, for evidence that is no PDF or picture and for another's need, Conflict where the
    course is entered already.
    """
    project_id, employer_id, person_id = whose
    await check_member(session, project_id, employer_id)
    await get_employee(session, project_id, employer_id, person_id)
    project = await get_project_row(session, project_id)
    now = clock.now()
    media_type = evidence_type(evidence)
    check_period(details, today=legal_day(now), project_starts_on=project.starts_on, project_ends_on=project.ends_on)
    await _check_need(session, project_id, employer_id, details.need_id)
    await _check_new(session, project_id, person_id, details)
    row = OutsideCourse(
        id=new_id(),
        project_id=project_id,
        employer_id=employer_id,
        participant_id=person_id,
        need_id=details.need_id,
        title=details.title,
        provider=details.provider,
        provider_kind=details.provider_kind.value,
        starts_on=details.starts_on,
        ends_on=details.ends_on,
        minutes=details.minutes,
        entered_by=by,
        entered_at=now,
    )
    session.add(row)
    await session.flush()
    session.add(OutsideEvidence(outside_course_id=row.id, media_type=media_type.value, content=evidence))
    session.add(_happened(row, now, "entered", by=by))
    return row


async def decide_outside_course(
    session: AsyncSession, clock: Clock, outside_id: UUID, state: OutsideState, answer: str | None, *, by: UUID
) -> OutsideCourse:
    """Accept the course, so that its hours count and it meets its need, or decline it with a reason.

    What was accepted can be declined later; its need is then without a way again. Raises NotFound, Conflict where that
    cannot follow, Refused for whoever entered it, InvalidInput where the reason is missing.
    """
    row = await locked(session, OutsideCourse, outside_id)
    if row is None:
        raise NotFound(N_("There is no such outside course here."), code="outside_course_not_found")
    now = clock.now()
    before = OutsideState(row.state)
    OUTSIDE_COURSE.check(before, state)
    check_decider(row.entered_by, by)
    if state is OutsideState.DECLINED and answer is None:
        raise InvalidInput(N_("Say why it does not count."), code="answer_missing", field="answer")
    row.state, row.answer, row.decided_by, row.decided_at = state.value, answer, by, now
    row.version += 1
    session.add(row)
    session.add(_happened(row, now, state.value, by=by, before=before, reason=answer))
    await _settle_need(session, clock, row, by=by)
    fact = OutsideCourseDecided(
        outside_course_id=row.id,
        project_id=row.project_id,
        employer_id=row.employer_id,
        person_id=row.participant_id,
        need_id=row.need_id,
        is_accepted=state is OutsideState.ACCEPTED,
        title=row.title,
        provider=row.provider,
        minutes=row.minutes,
        answer=answer,
        recipients=(Recipient(kind="person", id=row.entered_by, part="entered_by"),),
    )
    await record(session, fact, version=row.version, at=now)
    return row


async def _check_need(session: AsyncSession, project_id: UUID, employer_id: UUID, need_id: UUID | None) -> None:
    scope = None if need_id is None else await find_need_scope(session, need_id)
    is_theirs = (
        scope is not None and scope.projects == frozenset({project_id}) and employer_id in (scope.employers or ())
    )
    if need_id is not None and not is_theirs:
        raise InvalidInput(N_("The employer has no such need."), code="need_unknown", field="need_id")


async def _check_new(session: AsyncSession, project_id: UUID, person_id: UUID, details: OutsideDetails) -> None:
    same = select(OutsideCourse.id).where(
        col(OutsideCourse.participant_id) == person_id,
        col(OutsideCourse.project_id) == project_id,
        col(OutsideCourse.title) == details.title,
        col(OutsideCourse.starts_on) == details.starts_on,
        col(OutsideCourse.ends_on) == details.ends_on,
        col(OutsideCourse.state) != OutsideState.DECLINED.value,
    )
    if (await session.exec(same)).first() is not None:
        raise Conflict(N_("This course is entered for the person already."), code="entered_already", field="title")


async def _settle_need(session: AsyncSession, clock: Clock, row: OutsideCourse, *, by: UUID) -> None:
    """Say of the need that this course meets it, or no longer does; what meets it in another way is left as it is."""
    if row.need_id is None:
        return
    need = await locked_need(session, row.need_id)
    note = f"{row.title}, {row.provider}"
    if row.state == OutsideState.ACCEPTED and need.met_by in {MetBy.NOTHING, MetBy.OUTSIDE}:
        await settle_need(session, clock, need.id, Way.OUTSIDE, note, version=need.version, by=by)
    elif row.state == OutsideState.DECLINED and need.met_by == MetBy.OUTSIDE and need.met_note == note:
        await settle_need(session, clock, need.id, Way.LOOKING, None, version=need.version, by=by)


def _happened(
    row: OutsideCourse,
    at: datetime,
    change: str,
    *,
    by: UUID,
    before: OutsideState | None = None,
    reason: str | None = None,
) -> OutsideCourseHistory:
    return OutsideCourseHistory(
        outside_course_id=row.id,
        at=at,
        actor_id=by,
        change=change,
        before=None if before is None else before.value,
        reason=reason,
    )
