"""The pages of whoever holds a meeting, made for a phone: her meetings, marking one, and the code at its door."""

from datetime import datetime, time, timedelta
from enum import StrEnum
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.attendance import marking, queries
from services.booking.attendance.door import shown_code
from services.booking.attendance.marking_form import MarkForm, marks_of
from services.booking.attendance.rules import DOOR_OPENS_BEFORE, length_of, standing_of
from services.booking.attendance.views import MarkedView
from services.booking.attendance.words import STANDING_KINDS, STANDINGS
from services.booking.composition import keys_of
from services.booking.courses.queries import get_course, get_run
from services.booking.courses.rules import RunState
from services.booking.courses.words import MODE_NAMES
from shared.kernel.calendar import at_stockholm, legal_day
from shared.web.edge import CommandContext, CurrentActor, CurrentClock, ReadSession
from shared.web.pages.exports import ListFilter
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render

router = APIRouter()


class When(StrEnum):
    """Which meetings are asked for."""

    PAST = "past"


class MeetingsFilter(ListFilter):
    """What is asked of one's meetings: those of today and to come, or those before today."""

    when: When | None = Field(default=None, description="Those before today")


@router.get("/meetings")
async def show_meetings(
    request: Request,
    session: ReadSession,
    clock: CurrentClock,
    actor: CurrentActor,
    query: Annotated[MeetingsFilter, Query()],
) -> Response:
    """List the meetings that one holds or leads: today's and those to come, or those before."""
    now = clock.now()
    today = at_stockholm(legal_day(now), time())
    past = query.when is When.PAST
    found = await queries.list_meetings(
        session,
        query,
        held_by=actor,
        since=today - timedelta(days=400) if past else today,
        until=today if past else None,
    )
    return render(
        request,
        "attendance/meetings.html",
        meetings=Listing.of(request, found, shown=found.rows, name="meetings"),
        now=now,
    )


@router.get("/meetings/{meeting_id}/attendance")
async def show_marking(
    request: Request,
    meeting_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    saved: Annotated[int | None, Query(ge=0)] = None,
) -> Response:
    """Show who is to be marked at the meeting, and what is marked."""
    return await _marking(request, session, clock.now(), meeting_id, saved, Form())


@router.post("/meetings/{meeting_id}/attendance")
async def send_marking(request: Request, meeting_id: UUID, session: ReadSession, clock: CurrentClock) -> Response:
    """Mark what is other than the page showed."""

    async def command(context: CommandContext, body: MarkForm) -> MarkedView:
        meeting = await queries.get_meeting(context.session, meeting_id)
        marks = marks_of(body, length_of(meeting.starts_at, meeting.ends_at))
        changed = await marking.mark_meeting(
            context.session, context.clock, meeting_id, marks, by=context.actor.person_id
        )
        return MarkedView(changed=changed)

    here = f"/booking/meetings/{meeting_id}/attendance"
    again = partial(_marking, request, session, clock.now(), meeting_id, None)
    return await take_form(
        request, MarkForm, command, done=lambda answer: f"{here}?saved={answer['changed']}", again=again
    )


async def _marking(
    request: Request, session: AsyncSession, now: datetime, meeting_id: UUID, saved: int | None, form: Form[MarkForm]
) -> Response:
    meeting = await queries.get_meeting(session, meeting_id)
    run = await get_run(session, meeting.run_id)
    course = await get_course(session, run.course_id)
    sheet = await queries.sheet_of(session, meeting)
    length = length_of(meeting.starts_at, meeting.ends_at)
    return render(
        request,
        "attendance/marking.html",
        meeting=meeting,
        run=run,
        course=course,
        sheet=[(row, standing_of(row.attendance.minutes if row.attendance else None, length)) for row in sheet],
        unmarked=sum(1 for row in sheet if row.attendance is None),
        length=length,
        has_begun=now >= meeting.starts_at,
        is_called_off=run.state == RunState.CANCELLED,
        saved=saved,
        form=form,
        standings=STANDINGS,
        standing_kinds=STANDING_KINDS,
        mode_names=MODE_NAMES,
    )


def _is_open(starts_at: datetime, ends_at: datetime, now: datetime) -> bool:
    return starts_at - DOOR_OPENS_BEFORE <= now < ends_at


@router.get("/meetings/{meeting_id}/door")
async def show_door(request: Request, meeting_id: UUID, session: ReadSession, clock: CurrentClock) -> Response:
    """Show the room the code by which those who have come register it themselves."""
    meeting = await queries.get_meeting(session, meeting_id)
    run = await get_run(session, meeting.run_id)
    now = clock.now()
    is_open = _is_open(meeting.starts_at, meeting.ends_at, now) and run.state == RunState.SCHEDULED
    code, until = shown_code(keys_of(request), meeting_id, now)
    return render(
        request,
        "attendance/door.html",
        meeting=meeting,
        course=await get_course(session, run.course_id),
        code=f"{code[:3]} {code[3:]}" if is_open else None,
        until=until,
        opens_at=meeting.starts_at - DOOR_OPENS_BEFORE,
        has_ended=now >= meeting.ends_at,
    )
