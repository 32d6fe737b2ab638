"""Attendance for those who lead, coach or hold a run, and for an employer: lists, one with its history, corrections.

The participant signs on a device of the project's here too, by the code that she was sent.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.attendance import marking, queries, signing
from services.booking.attendance.no_shows import no_shows_of_booking, no_shows_of_run
from services.booking.attendance.queries import AttendanceRow, AttendanceSearch
from services.booking.attendance.rules import NOTED
from services.booking.attendance.views import (
    CodeSent,
    CorrectAttendance,
    NoteSignature,
    ShortAttendance,
    TriedView,
    TypedCode,
)
from services.booking.attendance.words import SIGNED, STANDING_KINDS, STANDINGS, people_in, told_history
from services.booking.bookings.queries import get_booking
from services.booking.composition import links_of
from services.booking.courses.queries import find_run_scope, get_course, get_run
from services.booking.people.queries import find_names
from services.booking.projects.leading import leads, led_project
from services.booking.projects.queries import get_project_row
from services.booking.projects.rules import SigningWay
from services.booking.projects.words import SIGNING_WAYS
from shared.kernel.grants import Actor, Scope
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body
from shared.web.edge import CommandContext, CurrentActor, ReadSession
from shared.web.pace import keep_pace_of_codes
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()
Search = Annotated[AttendanceSearch, Query()]
_ONE: Final = "/attendance/{attendance_id}"
_COLUMNS: Final = (
    Column(N_("Course"), lambda row: row.course_title),
    Column(N_("Number"), lambda row: row.run_reference),
    Column(N_("Begins"), lambda row: row.meeting.starts_at),
    Column(N_("Ends"), lambda row: row.meeting.ends_at),
    Column(N_("Participant"), lambda row: row.name or Text(N_("Participant"))),
    Column(N_("Employer"), lambda row: row.employer_name),
    Column(N_("Attendance"), lambda row: Text(STANDINGS[row.standing])),
    Column(N_("Minutes"), lambda row: row.minutes),
    Column(N_("Minutes of the meeting"), lambda row: row.length),
    Column(N_("Signed"), lambda row: None if row.attendance is None else row.attendance.signed_at),
    Column(N_("How it was signed"), lambda row: None if row.way is None else Text(SIGNED[row.way])),
)


async def _list(
    request: Request,
    query: AttendanceSearch,
    name: str,
    read: Callable[[AttendanceSearch], Awaitable[Rows[AttendanceRow]]],
    template: str,
    **values: Any,  # noqa: ANN401 - whatever the template needs besides
) -> Response:
    async def show(rows: Listing[AttendanceRow]) -> Response:
        return render(request, template, rows=rows, standings=STANDINGS, kinds=STANDING_KINDS, signed=SIGNED, **values)

    return await show_or_export(request, query, name=name, columns=_COLUMNS, read=read, show=show)


@router.get("/runs/{run_id}/attendance")
async def show_run_attendance(
    request: Request, run_id: UUID, session: ReadSession, actor: CurrentActor, query: Search
) -> Response:
    """List everybody and every meeting of the run, marked or not."""
    run = await get_run(session, run_id)
    return await _list(
        request,
        query,
        "attendance",
        partial(queries.rows_of_run, session, run_id),
        "attendance/run.html",
        run=run,
        course=await get_course(session, run.course_id),
        holds=_holds(actor, await find_run_scope(session, run_id)),
        figures=await no_shows_of_run(session, run_id),
    )


@router.get("/bookings/{booking_id}/attendance")
async def show_booking_attendance(request: Request, booking_id: UUID, session: ReadSession, query: Search) -> Response:
    """List an employer's own people of a booking, at every meeting."""
    booking = await get_booking(session, booking_id)
    run = await get_run(session, booking.run_id)
    return await _list(
        request,
        query,
        "attendance",
        partial(queries.rows_of_booking, session, booking_id),
        "attendance/booking.html",
        booking=booking,
        figures=await no_shows_of_booking(session, booking_id),
        course=await get_course(session, run.course_id),
    )


@router.get("/projects/{project_id}/attendance")
async def show_project_attendance(request: Request, project_id: UUID, session: ReadSession, query: Search) -> Response:
    """List all that is marked in the project: the rows behind its attended hours."""
    return await _list(
        request,
        query,
        "attendance",
        partial(queries.rows_of_project, session, project_id),
        "attendance/project.html",
        project=await led_project(request, session, project_id),
    )


@router.get("/projects/{project_id}/unsigned")
async def show_unsigned(request: Request, project_id: UUID, session: ReadSession, query: Search) -> Response:
    """List the project's attended time that nobody has signed for."""
    return await _list(
        request,
        query,
        "unsigned",
        partial(queries.unsigned_rows, session, project_id),
        "attendance/unsigned.html",
        project=await led_project(request, session, project_id),
    )


@router.get(_ONE)
async def show_attendance(request: Request, attendance_id: UUID, session: ReadSession, actor: CurrentActor) -> Response:
    """Show one attendance: how long, signed or not, what has happened, and what can be done."""
    row = await queries.get_row(session, attendance_id)
    history = await queries.attendance_history(session, attendance_id)
    signatures = await queries.signatures_of(session, attendance_id)
    noted = {each.noted_by for each in signatures if each.noted_by is not None}
    # a participant with protected identity is an actor, too, and is in no list of names
    names = await find_names(session, {*people_in(history), *noted})
    assert row.attendance is not None
    project = await get_project_row(session, row.attendance.project_id)
    return render(
        request,
        "attendance/attendance.html",
        row=row,
        signatures=signatures,
        names=names,
        history=told_history(history, names),
        holds=_holds(actor, await queries.find_attendance_scope(session, attendance_id)),
        leads=leads(actor, project.id),
        ways=set(project.signing_ways),
        standings=STANDINGS,
        kinds=STANDING_KINDS,
        signed=SIGNED,
    )


def _holds(actor: Actor, scope: Scope | None) -> bool:
    return scope is not None and actor.reaches(scope, Role.PROJECT_LEAD, Role.TRAINER)


@router.get(f"{_ONE}/correct")
async def show_correction(request: Request, attendance_id: UUID, session: ReadSession) -> Response:
    """Show the form in which the time is corrected."""
    return await _form(request, session, attendance_id, "attendance/correct.html", Form())


@router.post(f"{_ONE}/correct")
async def send_correction(request: Request, attendance_id: UUID, session: ReadSession) -> Response:
    """Correct the time; the participant signs anew."""

    async def command(context: CommandContext, body: CorrectAttendance) -> ShortAttendance:
        row = await marking.correct_attendance(
            context.session,
            context.clock,
            attendance_id,
            body.minutes,
            reason=body.reason,
            by=context.actor.person_id,
        )
        return ShortAttendance.of(row)

    again = partial(_form, request, session, attendance_id, "attendance/correct.html")
    return await take_form(request, CorrectAttendance, command, done=_address(attendance_id), again=again)


@router.get(f"{_ONE}/note")
async def show_noted_signature(request: Request, attendance_id: UUID, session: ReadSession) -> Response:
    """Show the form in which a signature on paper or by e-mail is noted."""
    return await _form(request, session, attendance_id, "attendance/note.html", Form())


@router.post(f"{_ONE}/note")
async def send_noted_signature(request: Request, attendance_id: UUID, session: ReadSession) -> Response:
    """Note it."""

    async def command(context: CommandContext, body: NoteSignature) -> ShortAttendance:
        noted = signing.Noted(body.way, body.evidence, context.actor.person_id)
        row = await signing.note_signature(context.session, context.clock, attendance_id, noted, minutes=body.minutes)
        return ShortAttendance.of(row)

    again = partial(_form, request, session, attendance_id, "attendance/note.html")
    return await take_form(request, NoteSignature, command, done=_address(attendance_id), again=again)


class Nothing(Body):
    """A button without fields."""


@router.post(f"{_ONE}/send-code")
async def send_signing_code(request: Request, attendance_id: UUID, session: ReadSession) -> Response:
    """Send the participant a code, and lead on to where it is typed."""

    async def command(context: CommandContext, _body: Nothing) -> CodeSent:
        sent = await signing.send_code(context.session, context.clock, attendance_id, by=context.actor.person_id)
        return CodeSent(expires_at=sent.expires_at)

    again = partial(_form, request, session, attendance_id, "attendance/sign_here.html", sent=False, left=None)
    return await take_form(request, Nothing, command, done=_address(attendance_id, "/sign?sent=true"), again=again)


@router.get(f"{_ONE}/sign")
async def show_code_signature(
    request: Request,
    attendance_id: UUID,
    session: ReadSession,
    sent: bool = False,  # noqa: FBT001, FBT002 - a parameter of the address
    left: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """Show where the participant types the code that she was sent."""
    return await _form(request, session, attendance_id, "attendance/sign_here.html", Form(), sent=sent, left=left)


@router.post(f"{_ONE}/sign")
async def send_code_signature(request: Request, attendance_id: UUID, session: ReadSession) -> Response:
    """Sign with the code; a wrong one is counted."""

    async def command(context: CommandContext, body: TypedCode) -> TriedView:
        keep_pace_of_codes(request)
        tried = await signing.sign_by_code(context.session, context.clock, links_of(request), attendance_id, body.code)
        return TriedView(signed=tried.is_right, tries_left=tried.tries_left)

    def done(answer: Any) -> str:  # noqa: ANN401 - the answer as it was sent
        return _address(attendance_id, "" if answer["signed"] else f"/sign?left={answer['tries_left']}")

    again = partial(_form, request, session, attendance_id, "attendance/sign_here.html", sent=False, left=None)
    return await take_form(request, TypedCode, command, done=done, again=again)


async def _form(
    request: Request,
    session: AsyncSession,
    attendance_id: UUID,
    template: str,
    form: Form[Any],
    **values: Any,  # noqa: ANN401 - whatever the template needs besides
) -> Response:
    row = await queries.get_row(session, attendance_id)
    assert row.attendance is not None
    project = await get_project_row(session, row.attendance.project_id)
    return render(
        request,
        template,
        row=row,
        form=form,
        ways=set(project.signing_ways),
        note_ways=[
            (way.value, SIGNING_WAYS[way]) for way in SigningWay if way in NOTED and way in project.signing_ways
        ],
        standings=STANDINGS,
        kinds=STANDING_KINDS,
        **values,
    )


def _address(attendance_id: UUID, rest: str = "") -> str:
    return f"/booking/attendance/{attendance_id}{rest}"
