"""The participant's own pages: her meetings, and one of them, where she says that she has come and signs for her time.

A personal link opens the page of one meeting for whoever has it, so it shows no name, and nothing happens by looking.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.attendance import marking, queries, signing
from services.booking.attendance.queries import AttendanceSearch
from services.booking.attendance.rules import DOOR_OPENS_BEFORE, check_signable, is_link_over
from services.booking.attendance.views import Minutes
from services.booking.attendance.words import SIGNED, STANDING_KINDS, STANDINGS
from services.booking.composition import keys_of, links_of
from services.booking.courses.queries import get_run, materials_of
from services.booking.courses.tables import Meeting
from services.booking.courses.words import MODE_NAMES
from services.booking.projects.queries import get_project_row
from shared.kernel.errors import InvalidInput, NotFound, Refused
from shared.kernel.texts import N_
from shared.web.bodies import Body, View
from shared.web.edge import CommandContext, CurrentActor, CurrentClock, ReadSession
from shared.web.pace import CODE_PACE, OFFICE_PACE, keep_pace
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render

router = APIRouter()
_NOT_HERS: Final = N_("There is no such meeting among yours.")
_LINK_OVER: Final = N_("The link is not one of ours, or its time is over. Ask whoever sent it for a new one.")


class OwnStep(Body):
    """What she does: arrives, signs, has a code sent, or uses it."""

    what: Literal["arrive", "sign", "send_code", "use_code"]
    code: Annotated[str, Field(max_length=12, pattern=r"^[0-9 ]+$")] | None = None
    minutes: Minutes | None = None


class StepTaken(View):
    """What became of a step, by the name under which the page tells it; tries that are left of a code."""

    told: str
    left: int | None = None


@router.get("/me/attendance")
async def show_my_attendance(
    request: Request, session: ReadSession, actor: CurrentActor, query: Annotated[AttendanceSearch, Query()]
) -> Response:
    """List one's own meetings with what is marked and signed, the last first."""
    found = await queries.rows_of_person(session, actor.person_id, query)
    rows = Listing.of(request, found, shown=found.rows, name="mine")
    return render(request, "attendance/mine.html", rows=rows, standings=STANDINGS, kinds=STANDING_KINDS, signed=SIGNED)


Told = Annotated[
    Literal["arrived", "signed", "code_sent", "code_wrong"] | None, Query(description="What has just been done")
]
Left = Annotated[int | None, Query(ge=0, description="Tries that are left of a code")]


@router.get("/me/meetings/{meeting_id}")
async def show_my_meeting(
    request: Request,
    meeting_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    actor: CurrentActor,
    told: Told = None,
    left: Left = None,
) -> Response:
    """Show one's own meeting, and what can be done there."""
    return await _own_page(request, session, clock.now(), (meeting_id, actor.person_id), Form(), told=told, left=left)


@router.post("/me/meetings/{meeting_id}")
async def send_my_meeting(
    request: Request, meeting_id: UUID, session: ReadSession, clock: CurrentClock, actor: CurrentActor
) -> Response:
    """Take a step there."""
    own = (meeting_id, actor.person_id)
    return await _take_step(request, session, clock.now(), own, here=f"/booking/me/meetings/{meeting_id}")


@router.get("/mine/{token}")
async def show_personal_link(
    request: Request, token: str, session: ReadSession, clock: CurrentClock, told: Told = None, left: Left = None
) -> Response:
    """Show whoever has the link the meeting that it is for."""
    now = clock.now()
    own = await _own_of(request, session, now, token)
    return await _own_page(request, session, now, own, Form(), told=told, left=left)


@router.post("/mine/{token}")
async def send_personal_link(request: Request, token: str, session: ReadSession, clock: CurrentClock) -> Response:
    """Take a step by the link."""
    now = clock.now()
    own = await _own_of(request, session, now, token)
    return await _take_step(request, session, now, own, here=f"/booking/mine/{token}")


async def _own_of(request: Request, session: AsyncSession, now: datetime, token: str) -> tuple[UUID, UUID]:
    own = links_of(request).read(token)
    meeting = None if own is None else await session.get(Meeting, own[0])
    if own is None or meeting is None or is_link_over(meeting.ends_at, now):
        raise NotFound(_LINK_OVER, code="link_unknown")
    return own


async def _take_step(
    request: Request, session: AsyncSession, now: datetime, own: tuple[UUID, UUID], *, here: str
) -> Response:
    async def command(context: CommandContext, body: OwnStep) -> StepTaken:
        keep_pace(request, "code", of_address=OFFICE_PACE, of_one=CODE_PACE, one=str(own[1]))
        return await _STEPS[body.what](request, context, own, body)

    def done(answer: Any) -> str:  # noqa: ANN401 - the answer as it was sent
        left = "" if answer["left"] is None else f"&left={answer['left']}"
        return f"{here}?told={answer['told']}{left}"

    again = partial(_own_page, request, session, now, own, told=None, left=None)
    return await take_form(request, OwnStep, command, done=done, again=again)


async def _arrive(request: Request, context: CommandContext, own: tuple[UUID, UUID], body: OwnStep) -> StepTaken:
    code = _needed(body.code, "code")
    await marking.arrive(context.session, context.clock, keys_of(request), own[0], own[1], code)
    return StepTaken(told="arrived")


async def _sign(_request: Request, context: CommandContext, own: tuple[UUID, UUID], body: OwnStep) -> StepTaken:
    attendance_id = await _attendance_id(context, own)
    minutes = _needed(body.minutes, "minutes")
    await signing.sign_attendance(context.session, context.clock, attendance_id, person_id=own[1], minutes=minutes)
    return StepTaken(told="signed")


async def _send_code(_request: Request, context: CommandContext, own: tuple[UUID, UUID], _body: OwnStep) -> StepTaken:
    await signing.send_code(context.session, context.clock, await _attendance_id(context, own), by=own[1])
    return StepTaken(told="code_sent")


async def _use_code(request: Request, context: CommandContext, own: tuple[UUID, UUID], body: OwnStep) -> StepTaken:
    code = _needed(body.code, "code").replace(" ", "")
    attendance_id = await _attendance_id(context, own)
    tried = await signing.sign_by_code(context.session, context.clock, links_of(request), attendance_id, code)
    return StepTaken(told="signed") if tried.is_right else StepTaken(told="code_wrong", left=tried.tries_left)


_Step = Callable[[Request, CommandContext, tuple[UUID, UUID], OwnStep], Awaitable[StepTaken]]
_STEPS: Final[dict[str, _Step]] = {
    "arrive": _arrive,
    "sign": _sign,
    "send_code": _send_code,
    "use_code": _use_code,
}


def _needed(value: Any, field: str) -> Any:  # noqa: ANN401 - one of the step's fields
    if value is None:
        raise InvalidInput(N_("Fill this in."), code="missing", field=field)
    return value


async def _attendance_id(context: CommandContext, own: tuple[UUID, UUID]) -> UUID:
    row = await queries.find_row(context.session, *own)
    if row is None or row.attendance is None:
        raise Refused(N_("No time is marked for this meeting, so there is nothing to sign."), code="nothing_to_sign")
    return row.attendance.id


async def _own_page(
    request: Request,
    session: AsyncSession,
    now: datetime,
    own: tuple[UUID, UUID],
    form: Form[OwnStep],
    *,
    told: str | None,
    left: int | None,
) -> Response:
    row = await queries.find_row(session, *own)
    if row is None:
        raise NotFound(_NOT_HERS, code="meeting_not_found")
    meeting = row.meeting
    run = await get_run(session, meeting.run_id)
    project = await get_project_row(session, run.project_id)
    return render(
        request,
        "attendance/own.html",
        row=row,
        project=project,
        form=form,
        told_of=told,
        left=left,
        is_own_page="/me/" in request.url.path,
        may_arrive=row.attendance is None and meeting.starts_at - DOOR_OPENS_BEFORE <= now < meeting.ends_at,
        opens_at=meeting.starts_at - DOOR_OPENS_BEFORE,
        is_to_come=now < meeting.starts_at,
        may_sign=row.lacks_signature and _is_signable(row.minutes or 0, meeting.starts_at, now),
        ways=set(project.signing_ways),
        standings=STANDINGS,
        kinds=STANDING_KINDS,
        signed=SIGNED,
        materials=await materials_of(session, run.id),
        mode_names=MODE_NAMES,
    )


def _is_signable(minutes: int, starts_at: datetime, now: datetime) -> bool:
    try:
        check_signable(minutes, starts_at, now)
    except Refused:
        return False
    return True
