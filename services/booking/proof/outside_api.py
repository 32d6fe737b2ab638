"""Outside courses over HTTP: lists of them, one with its history, and the decision. They are entered on a page."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import AwareDatetime
from starlette.responses import Response

from services.booking.proof import outside, outside_queries
from services.booking.proof.outside_queries import OutsideFilter, OutsideRow
from services.booking.proof.outside_rules import OutsideState, ProviderKind
from shared.web.bodies import Body, Paragraph, View
from shared.web.edge import CommandContext, ReadSession, run_command
from shared.web.paging import Page, Rows

router = APIRouter(tags=["outside courses"])
Filter = Annotated[OutsideFilter, Query()]


class DecideOutsideCourse(Body):
    """Whether it counts; why not must be said."""

    state: Literal[OutsideState.ACCEPTED, OutsideState.DECLINED]
    answer: Paragraph | None = None


class OutsideCourseView(View):
    """A course that somebody took outside of the project."""

    outside_course_id: UUID
    project_id: UUID
    employer_id: UUID
    employer_name: str
    person_id: UUID
    name: str | None
    need_id: UUID | None
    title: str
    provider: str
    provider_kind: ProviderKind
    starts_on: date
    ends_on: date
    minutes: int
    state: OutsideState
    answer: str | None
    entered_at: AwareDatetime
    decided_at: AwareDatetime | None


class OutsideCourseEvent(View):
    """What happened to an outside course."""

    at: AwareDatetime
    actor_id: UUID | None
    change: str
    before: str | None
    reason: str | None


class WholeOutsideCourse(OutsideCourseView):
    """An outside course with its history."""

    history: list[OutsideCourseEvent]


class DecidedView(View):
    """What a decision answers."""

    outside_course_id: UUID
    state: OutsideState


def _fields(row: OutsideRow) -> dict[str, object]:
    it = row.course
    return {
        **it.model_dump(exclude={"id", "participant_id"}),
        "outside_course_id": it.id,
        "person_id": it.participant_id,
        "name": row.name,
        "employer_name": row.employer_name,
    }


def _page(found: Rows[OutsideRow]) -> Page[OutsideCourseView]:
    return Page(items=[OutsideCourseView.model_validate(_fields(row)) for row in found.rows], next=found.next)


@router.get("/projects/{project_id}/outside-courses")
async def list_project_outside_courses(
    project_id: UUID, session: ReadSession, query: Filter
) -> Page[OutsideCourseView]:
    """The project's outside courses, the latest first."""
    return _page(await outside_queries.outside_courses_of_project(session, project_id, query.search()))


@router.get("/projects/{project_id}/employers/{employer_id}/outside-courses")
async def list_employer_outside_courses(
    project_id: UUID, employer_id: UUID, session: ReadSession, query: Filter
) -> Page[OutsideCourseView]:
    """Those of an employer's people in a project, the latest first."""
    return _page(await outside_queries.outside_courses_of_employer(session, project_id, employer_id, query.search()))


@router.get("/outside-courses/{outside_course_id}")
async def get_outside_course(outside_course_id: UUID, session: ReadSession) -> WholeOutsideCourse:
    """One outside course with its history."""
    row = await outside_queries.get_outside_course(session, outside_course_id)
    history = await outside_queries.outside_history(session, outside_course_id)
    events = [OutsideCourseEvent.model_validate(each) for each in history]
    return WholeOutsideCourse.model_validate({**_fields(row), "history": events})


@router.post("/outside-courses/{outside_course_id}/decision", response_model=DecidedView)
async def decide_outside_course(request: Request, outside_course_id: UUID, body: DecideOutsideCourse) -> Response:
    """Accept it, so that its hours count, or decline it with a reason."""

    async def command(context: CommandContext) -> DecidedView:
        row = await outside.decide_outside_course(
            context.session,
            context.clock,
            outside_course_id,
            body.state,
            body.answer,
            by=context.actor.person_id,
        )
        return DecidedView(outside_course_id=row.id, state=OutsideState(row.state))

    return await run_command(request, command)
