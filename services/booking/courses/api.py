"""Courses over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from services.booking.courses import commands, queries
from services.booking.courses.rules import CourseKind, CoursePlan
from services.booking.courses.views import CourseView, Cpv, LanguageCode
from shared.web.bodies import Body, Line, LongText
from shared.web.edge import CommandContext, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["courses"])


class AddCourse(Body):
    """A course to add."""

    title: Line
    description: LongText
    language: LanguageCode = "sv"
    cpv: Cpv | None = None
    kind: CourseKind = CourseKind.OPEN
    area: Line | None = Field(default=None, description="A field of the project's; a new name makes a new one")


@router.get("/projects/{project_id}/courses")
async def list_courses(project_id: UUID, query: PageQuery, session: ReadSession) -> Page[CourseView]:
    """The project's courses, by title."""
    page = await queries.list_courses(session, project_id, query)
    return Page(items=[CourseView.of(course) for course in page.rows], next=page.next)


@router.post("/projects/{project_id}/courses", status_code=201, response_model=CourseView)
async def add_course(request: Request, project_id: UUID, body: AddCourse) -> Response:
    """Add a course to the project."""

    async def command(context: CommandContext) -> CourseView:
        plan = CoursePlan(body.title, body.description, body.kind, body.language, body.cpv, body.area)
        return CourseView.of(
            await commands.add_course(context.session, context.clock, project_id=project_id, plan=plan)
        )

    return await run_command(request, command, status=201)
