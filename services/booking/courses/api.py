"""Courses over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from services.booking.courses import changing, commands, queries
from services.booking.courses.rules import CourseKind, CoursePlan
from services.booking.courses.views import ChangeCourse, CourseView, Cpv, LanguageCode
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
        by = context.actor.person_id
        return CourseView.of(
            await commands.add_course(context.session, context.clock, project_id=project_id, plan=plan, by=by)
        )

    return await run_command(request, command, status=201)


@router.patch("/courses/{course_id}", response_model=CourseView)
async def change_course(request: Request, course_id: UUID, body: ChangeCourse) -> Response:
    """Change what the course is called and said to be."""

    async def command(context: CommandContext) -> CourseView:
        return CourseView.of(
            await changing.change_course(
                context.session,
                context.clock,
                course_id,
                body.words(),
                reason=body.reason,
                version=body.version,
                by=context.actor.person_id,
            )
        )

    return await run_command(request, command)
