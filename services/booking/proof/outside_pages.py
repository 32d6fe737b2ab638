"""Outside courses on pages: entered on a person's page with evidence, listed, shown, and decided on."""

import re
from collections.abc import Awaitable, Callable
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BeforeValidator, Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.employers.queries import get_employee
from services.booking.employers.standing import standing_of
from services.booking.people.queries import find_names
from services.booking.projects.leading import led_project
from services.booking.proof import outside, outside_queries
from services.booking.proof.outside_queries import OutsideRow, OutsideSearch
from services.booking.proof.outside_rules import (
    ENDINGS,
    LARGEST_EVIDENCE,
    MOST_HOURS,
    OUTSIDE_COURSE,
    EvidenceType,
    OutsideDetails,
    OutsideState,
    ProviderKind,
)
from services.booking.proof.outside_words import (
    OUTSIDE_KINDS,
    OUTSIDE_STATES,
    PROVIDERS,
    people_in,
    told_history,
)
from services.booking.proof.rules import hours_and_minutes
from shared.kernel.grants import Actor, Scope
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Line, Paragraph, View
from shared.web.edge import CommandContext, CurrentActor, ReadSession
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.forms import Form, sent_file, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()
UPLOADS: Final = re.compile(r"/booking/projects/[^/]+/employers/[^/]+/people/[^/]+/outside-courses/new")
"""The addresses to which a form with a file is sent."""
Search = Annotated[OutsideSearch, Query()]
_OF_PERSON: Final = "/projects/{project_id}/employers/{employer_id}/people/{person_id}/outside-courses/new"
_ONE: Final = "/outside-courses/{outside_course_id}"
_COLUMNS: Final = (
    Column(N_("Participant"), lambda row: row.name or Text(N_("Participant"))),
    Column(N_("Employer"), lambda row: row.employer_name),
    Column(N_("Course"), lambda row: row.course.title),
    Column(N_("Provider"), lambda row: row.course.provider),
    Column(N_("Kind of provider"), lambda row: Text(PROVIDERS[row.course.provider_kind])),
    Column(N_("First day"), lambda row: row.course.starts_on),
    Column(N_("Last day"), lambda row: row.course.ends_on),
    Column(N_("Minutes"), lambda row: row.course.minutes),
    Column(N_("Decision"), lambda row: Text(OUTSIDE_STATES[row.course.state])),
    Column(N_("In words"), lambda row: row.course.answer),
)


def _with_point(value: object) -> object:
    return re.sub(r"\s", "", value).replace(",", ".") if isinstance(value, str) else value


Hours = Annotated[
    Decimal,
    BeforeValidator(_with_point),
    Field(gt=0, le=MOST_HOURS, multiple_of=Decimal("0.25"), allow_inf_nan=False),
]


class OutsideForm(Body):
    """An outside course as it is filled in; the evidence is a file beside it."""

    title: Line
    provider: Line
    provider_kind: ProviderKind
    starts_on: date
    ends_on: date
    hours: Hours
    need_id: UUID | None = None

    def details(self) -> OutsideDetails:
        """Return it as plain values."""
        return OutsideDetails(**self.model_dump(exclude={"hours"}), minutes=int(self.hours * 60))


class AnswerForm(Body):
    """What is said with a decision."""

    answer: Paragraph | None = None


class EnteredView(View):
    """The course that was entered."""

    outside_course_id: UUID


async def _list(
    request: Request,
    query: OutsideSearch,
    read: Callable[[OutsideSearch], Awaitable[Rows[OutsideRow]]],
    template: str,
    **values: Any,  # noqa: ANN401 - whatever the template needs besides
) -> Response:
    async def show(rows: Listing[OutsideRow]) -> Response:
        return render(request, template, rows=rows, **_WORDS, **values)

    return await show_or_export(request, query, name="outside-courses", columns=_COLUMNS, read=read, show=show)


_WORDS: Final[dict[str, Any]] = {
    "states": OUTSIDE_STATES,
    "state_kinds": OUTSIDE_KINDS,
    "providers": PROVIDERS,
    "hours": hours_and_minutes,
}


@router.get("/projects/{project_id}/outside-courses")
async def show_project_outside_courses(
    request: Request, project_id: UUID, session: ReadSession, query: Search
) -> Response:
    """List the outside courses of everybody in the project."""
    read = partial(outside_queries.outside_courses_of_project, session, project_id)
    return await _list(
        request, query, read, "proof/outside_project.html", project=await led_project(request, session, project_id)
    )


@router.get("/projects/{project_id}/employers/{employer_id}/outside-courses")
async def show_employer_outside_courses(
    request: Request, project_id: UUID, employer_id: UUID, session: ReadSession, query: Search
) -> Response:
    """List those of an employer's people."""
    read = partial(outside_queries.outside_courses_of_employer, session, project_id, employer_id)
    standing = await standing_of(request, session, employer_id, project_id)
    return await _list(request, query, read, "proof/outside_employer.html", standing=standing)


@router.get(_OF_PERSON)
async def show_outside_course_form(
    request: Request, project_id: UUID, employer_id: UUID, person_id: UUID, session: ReadSession
) -> Response:
    """Show the form in which a course is entered that the person took elsewhere."""
    return await _form_page(request, session, (project_id, employer_id, person_id), Form())


@router.post(_OF_PERSON)
async def send_outside_course_form(
    request: Request, project_id: UUID, employer_id: UUID, person_id: UUID, session: ReadSession
) -> Response:
    """Enter it, with its evidence."""
    whose = (project_id, employer_id, person_id)
    evidence = await sent_file(request, "evidence")

    async def command(context: CommandContext, body: OutsideForm) -> EnteredView:
        row = await outside.enter_outside_course(
            context.session, context.clock, whose, body.details(), evidence, by=context.actor.person_id
        )
        return EnteredView(outside_course_id=row.id)

    again = partial(_form_page, request, session, whose)
    return await take_form(
        request, OutsideForm, command, done=lambda it: _address(it["outside_course_id"]), again=again
    )


async def _form_page(
    request: Request, session: AsyncSession, whose: tuple[UUID, UUID, UUID], form: Form[OutsideForm]
) -> Response:
    project_id, employer_id, person_id = whose
    person = await get_employee(session, project_id, employer_id, person_id)
    return render(
        request,
        "proof/outside_form.html",
        standing=await standing_of(request, session, employer_id, project_id),
        person=person,
        needs=await outside_queries.needs_to_meet(session, project_id, employer_id),
        providers=PROVIDERS,
        most_mb=LARGEST_EVIDENCE // 1024 // 1024,
        form=form,
    )


@router.get(_ONE)
async def show_outside_course(
    request: Request, outside_course_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Show an outside course: what was entered, its evidence, what was decided, and what has happened."""
    row = await outside_queries.get_outside_course(session, outside_course_id)
    history = await outside_queries.outside_history(session, outside_course_id)
    return render(
        request,
        "proof/outside_course.html",
        row=row,
        standing=await standing_of(request, session, row.course.employer_id, row.course.project_id),
        next_states=OUTSIDE_COURSE.next(OutsideState(row.course.state)) if _decides(actor, row) else frozenset(),
        history=told_history(history, await find_names(session, people_in(history))),
        **_WORDS,
    )


def _decides(actor: Actor, row: OutsideRow) -> bool:
    scope = Scope(projects=frozenset({row.course.project_id}), employers=frozenset({row.course.employer_id}))
    held = actor.grants_of(Role.COACH, Role.PROJECT_LEAD)
    return row.course.entered_by != actor.person_id and any(grant.covers(scope) for grant in held)


@router.get(f"{_ONE}/evidence")
async def get_outside_evidence(outside_course_id: UUID, session: ReadSession) -> Response:
    """Answer with the evidence as a file, never as something that a browser would open in our name."""
    evidence = await outside_queries.get_evidence(session, outside_course_id)
    ending = ENDINGS[EvidenceType(evidence.media_type)]
    headers = {
        "content-disposition": f'attachment; filename="evidence.{ending}"',
        "content-security-policy": "default-src 'none'; sandbox",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-robots-tag": "noindex",
    }
    return Response(evidence.content, media_type=evidence.media_type, headers=headers)


@router.get(f"{_ONE}/accept")
async def show_outside_acceptance(request: Request, outside_course_id: UUID, session: ReadSession) -> Response:
    """Say what accepting does, before it is done."""
    return await _decision_page(request, session, outside_course_id, OutsideState.ACCEPTED, Form())


@router.post(f"{_ONE}/accept")
async def send_outside_acceptance(request: Request, outside_course_id: UUID, session: ReadSession) -> Response:
    """Accept it."""
    return await _decide(request, session, outside_course_id, OutsideState.ACCEPTED)


@router.get(f"{_ONE}/decline")
async def show_outside_refusal(request: Request, outside_course_id: UUID, session: ReadSession) -> Response:
    """Say what declining does, and ask for the reason."""
    return await _decision_page(request, session, outside_course_id, OutsideState.DECLINED, Form())


@router.post(f"{_ONE}/decline")
async def send_outside_refusal(request: Request, outside_course_id: UUID, session: ReadSession) -> Response:
    """Decline it."""
    return await _decide(request, session, outside_course_id, OutsideState.DECLINED)


async def _decide(request: Request, session: AsyncSession, outside_id: UUID, state: OutsideState) -> Response:
    async def command(context: CommandContext, body: AnswerForm) -> None:
        await outside.decide_outside_course(
            context.session, context.clock, outside_id, state, body.answer, by=context.actor.person_id
        )

    again = partial(_decision_page, request, session, outside_id, state)
    return await take_form(request, AnswerForm, command, done=_address(outside_id), again=again)


async def _decision_page(
    request: Request, session: AsyncSession, outside_id: UUID, state: OutsideState, form: Form[AnswerForm]
) -> Response:
    row = await outside_queries.get_outside_course(session, outside_id)
    accepts = state is OutsideState.ACCEPTED
    counts = N_("The hours, {hours}, count in the project.")
    counts_not = N_("The hours do not count in the project. It cannot be taken back: the course is entered anew.")
    hours = hours_and_minutes(row.course.minutes)
    does = [
        Text(counts, {"hours": hours}) if accepts else Text(counts_not),
        Text(N_("Whoever entered it gets a message with your words.")),
    ]
    if accepts and row.need_title is not None:
        does.append(Text(N_("The need “{need}” is then met by it."), {"need": row.need_title}))
    return render(
        request,
        "proof/outside_decision.html",
        form=form,
        row=row,
        accepts=accepts,
        does=does,
        back=_address(outside_id),
    )


def _address(outside_id: UUID | str) -> str:
    return f"/booking/outside-courses/{outside_id}"
