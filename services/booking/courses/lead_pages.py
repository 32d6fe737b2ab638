"""A project's courses as whoever leads it keeps them: listed with how often they are held, and added."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel import col, func, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.courses import changing, commands
from services.booking.courses.queries import areas_of, course_history, get_course
from services.booking.courses.rules import CourseKind, CoursePlan, RunState
from services.booking.courses.tables import Course, Run
from services.booking.courses.views import ChangeCourse, Cpv, LanguageCode
from services.booking.courses.words import KIND_NAMES, LANGUAGE_NAMES, course_change, language_name
from services.booking.people.queries import find_names
from services.booking.projects.leading import led_project
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Line, LongText, View
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.exports import Column, ListFilter, show_or_export
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows, page_of

router = APIRouter()
_COURSES: Final = "/projects/{project_id}/courses"


@dataclass(frozen=True, slots=True)
class LedCourse:
    """A course in the project's list, with how many runs of it are scheduled."""

    course: Course
    runs: int


class CourseFilter(ListFilter):
    """Which courses to list."""

    kind: CourseKind | None = None


class CourseForm(Body):
    """A course to add."""

    title: Line
    description: LongText
    language: LanguageCode = "sv"
    kind: CourseKind = CourseKind.OPEN
    cpv: Cpv | None = None
    area: Line | None = None


class AddedView(View):
    """The course that was added."""

    course_id: UUID


_COLUMNS: Final = (
    Column(N_("Course"), lambda row: row.course.title),
    Column(N_("Area"), lambda row: row.course.area),
    Column(N_("Kind"), lambda row: Text(KIND_NAMES[CourseKind(row.course.kind)])),
    Column(N_("Language"), lambda row: language_name(row.course.language)),
    Column(N_("CPV code"), lambda row: row.course.cpv),
    Column(N_("Runs"), lambda row: row.runs),
    Column(N_("Description"), lambda row: row.course.description),
)


@router.get(_COURSES)
async def show_project_courses(
    request: Request, project_id: UUID, session: ReadSession, query: Annotated[CourseFilter, Query()]
) -> Response:
    """List the project's courses."""

    async def show(courses: Listing[LedCourse]) -> Response:
        return render(
            request,
            "courses/led_courses.html",
            project=await led_project(request, session, project_id),
            courses=courses,
            kind_names=KIND_NAMES,
            language_name=language_name,
        )

    read = partial(_list_courses, session, project_id)
    return await show_or_export(request, query, name="courses", columns=_COLUMNS, sort="title", read=read, show=show)


@router.get(_COURSES + "/new")
async def show_add_course(request: Request, project_id: UUID, session: ReadSession) -> Response:
    """Show the form by which a course is added."""
    return await _form_page(request, session, project_id, Form())


@router.post(_COURSES + "/new")
async def send_add_course(request: Request, project_id: UUID, session: ReadSession) -> Response:
    """Add a course, and lead on to scheduling a run of it."""

    async def command(context: CommandContext, body: CourseForm) -> AddedView:
        plan = CoursePlan(body.title, body.description, body.kind, body.language, body.cpv, body.area)
        by = context.actor.person_id
        course = await commands.add_course(context.session, context.clock, project_id=project_id, plan=plan, by=by)
        return AddedView(course_id=course.id)

    again = partial(_form_page, request, session, project_id)
    return await take_form(
        request,
        CourseForm,
        command,
        done=lambda answer: f"/booking/courses/{answer['course_id']}/runs/new",
        again=again,
    )


@router.get("/courses/{course_id}/change")
async def show_course_change(request: Request, course_id: UUID, session: ReadSession) -> Response:
    """Show the form by which a course gets other words, and what has happened to it."""
    return await _change_page(request, session, course_id, Form())


@router.post("/courses/{course_id}/change")
async def send_course_change(request: Request, course_id: UUID, session: ReadSession) -> Response:
    """Change what the course is called and said to be."""
    project_id = (await get_course(session, course_id)).project_id

    async def command(context: CommandContext, body: ChangeCourse) -> None:
        await changing.change_course(
            context.session,
            context.clock,
            course_id,
            body.words(),
            reason=body.reason,
            version=body.version,
            by=context.actor.person_id,
        )

    again = partial(_change_page, request, session, course_id)
    done = f"/booking/projects/{project_id}/courses"
    return await take_form(request, ChangeCourse, command, done=done, again=again)


async def _change_page(request: Request, session: AsyncSession, course_id: UUID, form: Form[ChangeCourse]) -> Response:
    course = await get_course(session, course_id)
    history = await course_history(session, course_id)
    names = await find_names(session, {row.actor_id for row in history if row.actor_id is not None})
    return render(
        request,
        "courses/change_course.html",
        project=await led_project(request, session, course.project_id),
        course=course,
        form=form,
        areas=await areas_of(session, course.project_id),
        languages=_languages(course.language),
        history=[
            {
                "at": row.at,
                "actor_name": names.get(row.actor_id) if row.actor_id is not None else None,
                "text": course_change(row.change, row.before, row.after),
                "reason": row.reason,
            }
            for row in reversed(history)
        ],
    )


def _languages(own: str) -> list[tuple[str, str]]:
    """Return the languages to choose from; a course's own is among them though it has no name here."""
    return list({**({} if own in LANGUAGE_NAMES else {own: own}), **LANGUAGE_NAMES}.items())


async def _form_page(request: Request, session: AsyncSession, project_id: UUID, form: Form[CourseForm]) -> Response:
    return render(
        request,
        "courses/add_course.html",
        project=await led_project(request, session, project_id),
        form=form,
        areas=await areas_of(session, project_id),
        kinds=[(kind.value, KIND_NAMES[kind]) for kind in CourseKind],
        languages=list(LANGUAGE_NAMES.items()),
    )


async def _list_courses(session: AsyncSession, project_id: UUID, query: CourseFilter) -> Rows[LedCourse]:
    statement = select(Course).where(col(Course.project_id) == project_id)
    if query.q:
        words = query.q.strip()
        statement = statement.where(
            col(Course.title).collate("und-x-icu").icontains(words, autoescape=True)
            | col(Course.description).collate("und-x-icu").icontains(words, autoescape=True)
        )
    if query.kind is not None:
        statement = statement.where(col(Course.kind) == query.kind.value)
    page: Rows[Any] = await page_of(
        session,
        statement,
        [col(Course.title), col(Course.id)],
        query,
        keys=lambda course: (course.title, course.id),
        descending=query.sort == "-title",
    )
    runs = await _runs_of(session, [course.id for course in page.rows])
    return Rows([LedCourse(course, runs.get(course.id, 0)) for course in page.rows], page.next)


async def _runs_of(session: AsyncSession, course_ids: list[UUID]) -> Mapping[UUID, int]:
    found = await session.exec(
        select(Run.course_id, func.count())
        .where(col(Run.course_id).in_(course_ids), col(Run.state) == RunState.SCHEDULED.value)
        .group_by(col(Run.course_id))
    )
    return dict(found.all())
