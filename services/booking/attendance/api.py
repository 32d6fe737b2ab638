"""Attendance over HTTP: marking, arriving, signing, correcting, and lists of it."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.booking.attendance import marking, queries, signing
from services.booking.attendance.no_shows import no_shows_of_booking, no_shows_of_parts, no_shows_of_run
from services.booking.attendance.queries import AttendanceFilter
from services.booking.attendance.views import (
    Arrival,
    AttendanceView,
    CodeSent,
    CorrectAttendance,
    MarkedView,
    MarkMeeting,
    NoShowsView,
    NoteSignature,
    SheetView,
    ShortAttendance,
    SignAttendance,
    TriedView,
    TypedCode,
    WholeAttendance,
    row_view,
    sheet_view,
    whole_view,
)
from services.booking.composition import keys_of, links_of
from shared.web.edge import CommandContext, ReadSession, run_command
from shared.web.exchange import exchange_of
from shared.web.pace import PACED, keep_pace_of_codes
from shared.web.paging import Page

router = APIRouter(tags=["attendance"])
Filter = Annotated[AttendanceFilter, Query()]


@router.get("/meetings/{meeting_id}/attendance")
async def get_meeting_sheet(meeting_id: UUID, session: ReadSession) -> SheetView:
    """Everybody who is to be marked at the meeting, by name."""
    meeting = await queries.get_meeting(session, meeting_id)
    return sheet_view(meeting, await queries.sheet_of(session, meeting))


@router.post("/meetings/{meeting_id}/attendance", response_model=MarkedView)
async def mark_attendance(request: Request, meeting_id: UUID, body: MarkMeeting) -> Response:
    """Mark who was there and for how long, all or none; the same again changes nothing."""

    async def command(context: CommandContext) -> MarkedView:
        marks = [
            marking.Mark(mark.person_id, mark.minutes, f"marks.{number}.minutes")
            for number, mark in enumerate(body.marks)
        ]
        changed = await marking.mark_meeting(
            context.session, context.clock, meeting_id, marks, by=context.actor.person_id
        )
        return MarkedView(changed=changed)

    return await run_command(request, command)


@router.post("/meetings/{meeting_id}/arrival", response_model=ShortAttendance, responses=PACED)
async def register_arrival(request: Request, meeting_id: UUID, body: Arrival) -> Response:
    """Register that one has come oneself, by the code that is shown in the room."""
    keep_pace_of_codes(request)

    async def command(context: CommandContext) -> ShortAttendance:
        row = await marking.arrive(
            context.session, context.clock, keys_of(request), meeting_id, context.actor.person_id, body.code
        )
        return ShortAttendance.of(row)

    return await run_command(request, command)


@router.get("/own-attendance")
async def list_own_attendance(request: Request, session: ReadSession, query: Filter) -> Page[AttendanceView]:
    """One's own meetings with what is marked, the last first; none where nobody here knows one."""
    actor = exchange_of(request).actor
    if actor is None:
        return Page(items=[])
    found = await queries.rows_of_person(session, actor.person_id, query.search())
    return Page(items=[row_view(row) for row in found.rows], next=found.next)


@router.get("/runs/{run_id}/attendance")
async def list_run_attendance(run_id: UUID, session: ReadSession, query: Filter) -> Page[AttendanceView]:
    """Everybody and every meeting of the run, marked or not."""
    found = await queries.rows_of_run(session, run_id, query.search())
    return Page(items=[row_view(row) for row in found.rows], next=found.next)


@router.get("/bookings/{booking_id}/attendance")
async def list_booking_attendance(booking_id: UUID, session: ReadSession, query: Filter) -> Page[AttendanceView]:
    """An employer's own people of a booking, at every meeting."""
    found = await queries.rows_of_booking(session, booking_id, query.search())
    return Page(items=[row_view(row) for row in found.rows], next=found.next)


@router.get("/bookings/{booking_id}/no-shows")
async def get_booking_no_shows(booking_id: UUID, session: ReadSession) -> NoShowsView:
    """How often somebody of a booking did not come, and how many of its seats were given back late."""
    return NoShowsView.model_validate(await no_shows_of_booking(session, booking_id))


@router.get("/runs/{run_id}/no-shows")
async def get_run_no_shows(run_id: UUID, session: ReadSession) -> NoShowsView:
    """The same of a run."""
    return NoShowsView.model_validate(await no_shows_of_run(session, run_id))


@router.get("/projects/{project_id}/employers/{employer_id}/no-shows")
async def get_employer_no_shows(project_id: UUID, employer_id: UUID, session: ReadSession) -> NoShowsView:
    """The same of an employer in the project."""
    part = (employer_id, project_id)
    return NoShowsView.model_validate((await no_shows_of_parts(session, [part]))[part])


@router.get("/projects/{project_id}/unsigned-attendance")
async def list_unsigned_attendance(project_id: UUID, session: ReadSession, query: Filter) -> Page[AttendanceView]:
    """The project's attended time that nobody has signed for."""
    found = await queries.unsigned_rows(session, project_id, query.search())
    return Page(items=[row_view(row) for row in found.rows], next=found.next)


@router.get("/attendance/{attendance_id}")
async def get_attendance(attendance_id: UUID, session: ReadSession) -> WholeAttendance:
    """One attendance with its signatures and history."""
    row = await queries.get_row(session, attendance_id)
    signatures = await queries.signatures_of(session, attendance_id)
    return whole_view(row, signatures, await queries.attendance_history(session, attendance_id))


@router.post("/attendance/{attendance_id}/correction", response_model=ShortAttendance)
async def correct_attendance(request: Request, attendance_id: UUID, body: CorrectAttendance) -> Response:
    """Give other minutes, with a reason; the participant signs anew."""

    async def command(context: CommandContext) -> ShortAttendance:
        row = await marking.correct_attendance(
            context.session,
            context.clock,
            attendance_id,
            body.minutes,
            reason=body.reason,
            by=context.actor.person_id,
        )
        return ShortAttendance.of(row)

    return await run_command(request, command)


@router.post("/attendance/{attendance_id}/signature", response_model=ShortAttendance)
async def sign_attendance(request: Request, attendance_id: UUID, body: SignAttendance) -> Response:
    """Sign for one's own time."""

    async def command(context: CommandContext) -> ShortAttendance:
        row = await signing.sign_attendance(
            context.session, context.clock, attendance_id, person_id=context.actor.person_id, minutes=body.minutes
        )
        return ShortAttendance.of(row)

    return await run_command(request, command)


@router.post("/attendance/{attendance_id}/noted-signature", response_model=ShortAttendance)
async def note_signature(request: Request, attendance_id: UUID, body: NoteSignature) -> Response:
    """Note a signature that came on paper or by e-mail."""

    async def command(context: CommandContext) -> ShortAttendance:
        noted = signing.Noted(body.way, body.evidence, context.actor.person_id)
        row = await signing.note_signature(context.session, context.clock, attendance_id, noted, minutes=body.minutes)
        return ShortAttendance.of(row)

    return await run_command(request, command)


@router.post("/attendance/{attendance_id}/code", response_model=CodeSent, responses=PACED)
async def send_signing_code(request: Request, attendance_id: UUID) -> Response:
    """Send the participant a code to sign with."""

    async def command(context: CommandContext) -> CodeSent:
        sent = await signing.send_code(context.session, context.clock, attendance_id, by=context.actor.person_id)
        return CodeSent(expires_at=sent.expires_at)

    return await run_command(request, command)


@router.post("/attendance/{attendance_id}/code-signature", response_model=TriedView, responses=PACED)
async def sign_attendance_by_code(request: Request, attendance_id: UUID, body: TypedCode) -> Response:
    """Sign with the code that the participant was sent; a wrong one is counted."""
    keep_pace_of_codes(request)

    async def command(context: CommandContext) -> TriedView:
        tried = await signing.sign_by_code(context.session, context.clock, links_of(request), attendance_id, body.code)
        return TriedView(signed=tried.is_right, tries_left=tried.tries_left)

    return await run_command(request, command)
