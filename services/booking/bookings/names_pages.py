"""Naming many at once on a page: a list that is pasted or sent as a file; each line that is wrong is shown."""

import re
from functools import partial
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.bookings import queries
from services.booking.bookings.name_list import LINES
from services.booking.bookings.names_api import NamedView, NamesFromList, carry_out
from services.booking.bookings.views import booking_view
from services.booking.courses.queries import get_run
from services.booking.employers.pasting import EXAMPLE, MOST_LINES, WrongLine
from services.booking.employers.queries import list_workplaces
from services.booking.employers.standing import standing_of
from shared.kernel.texts import N_, Text
from shared.web.edge import CommandContext, CurrentClock, ReadSession
from shared.web.pages.files import with_file
from shared.web.pages.forms import Form, read_form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
UPLOADS: Final = re.compile(r"/booking/bookings/[^/]+/names")
_FILE = "file"


@router.get("/bookings/{booking_id}/names")
async def show_booking_names(request: Request, booking_id: UUID, session: ReadSession, clock: CurrentClock) -> Response:
    """Show where a list of names is pasted or sent as a file."""
    return await _page(request, session, booking_id, Form(), clock)


@router.post("/bookings/{booking_id}/names")
async def send_booking_names(request: Request, booking_id: UUID, session: ReadSession, clock: CurrentClock) -> Response:
    """Name everybody on the list, or nobody."""
    form = await with_file(request, await read_form(request, NamesFromList), NamesFromList, file=_FILE, field=LINES)

    async def command(context: CommandContext, body: NamesFromList) -> NamedView:
        return await carry_out(request, booking_id, context, body)

    again = partial(_page, request, session, booking_id, clock=clock)
    return await take_form(request, form, command, done=f"/booking/bookings/{booking_id}", again=again)


async def _page(
    request: Request, session: AsyncSession, booking_id: UUID, form: Form[Any], clock: CurrentClock
) -> Response:
    booking = await queries.get_booking(session, booking_id)
    run = await get_run(session, booking.run_id)
    view = await booking_view(session, booking)
    workplaces = await list_workplaces(session, booking.employer_id)
    now = clock.now()
    return render(
        request,
        "bookings/names.html",
        form=form,
        wrong=_wrong_lines(form),
        standing=await standing_of(request, session, booking.employer_id, booking.project_id),
        booking=view,
        unnamed=sum(1 for seat in view.seats if seat.person_id is None),
        closed=not queries.is_open(booking) or now >= run.ends_at,
        has_begun=now >= run.starts_at,
        workplaces=[workplace for workplace in workplaces if booking.project_id in workplace.project_ids],
        most=MOST_LINES,
        example=EXAMPLE,
    )


def _wrong_lines(form: Form[Any]) -> list[WrongLine]:
    """Take what is wrong with single lines out of the form's errors, by number, and leave one that counts them."""
    lines = form.value(LINES).splitlines()
    found: dict[int, list[Text]] = {}
    for name in [name for name in form.errors if name.startswith(f"{LINES}.")]:
        place = name.removeprefix(f"{LINES}.")
        texts = form.errors.pop(name)
        if place.isdecimal() and 0 < int(place) <= len(lines):
            found.setdefault(int(place), []).extend(texts)
        else:
            form.errors.setdefault(LINES, []).extend(texts)
    if found:
        text = Text(
            N_("Lines that are wrong: {count}. Nobody has been named yet; mend them and send the list again."),
            {"count": len(found)},
        )
        form.errors.setdefault(LINES, []).append(text)
    return [WrongLine(number, lines[number - 1].strip()[:60], tuple(found[number])) for number in sorted(found)]
