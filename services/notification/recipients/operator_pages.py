"""Addresses that are not written to: the operator sees why, adds one, and lets one be written to again."""

from datetime import datetime
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.notification import words
from services.notification.kinds import ChannelName
from services.notification.recipients import commands
from services.notification.recipients.queries import get_suppression, list_suppressions
from services.notification.recipients.rules import address_given, is_in_force
from shared.kernel.texts import N_, Text
from shared.web.bodies import PARAGRAPH_LENGTH, Body, Reason
from shared.web.edge import CommandContext, CurrentClock, ReadSession
from shared.web.page_query import PageQuery
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.pages.typed import LocalTime

router = APIRouter(prefix="/operator/suppressions")
_ADDRESS: Final = "/notification/operator/suppressions"


class SuppressionForm(Body):
    """An address that is not to be written to, until a time or until it is lifted."""

    channel: ChannelName
    address: Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=r"^[^\s]+( [^\s]+)*$")]
    until: LocalTime | None = None
    note: Reason


@router.get("")
async def show_suppressions(request: Request, session: ReadSession, query: PageQuery, clock: CurrentClock) -> Response:
    """List the addresses that are not written to, and why."""
    rows = await list_suppressions(session, query)
    now: datetime = clock.now()
    return render(
        request,
        "recipients/suppressions.html",
        suppressions=Listing.of(request, rows, shown=rows.rows, name="suppressions"),
        in_force={row.id for row in rows.rows if is_in_force(row.until, now)},
        words=words,
    )


@router.get("/new")
async def show_suppressing(request: Request) -> Response:
    """Show the form by which an address is no longer written to."""
    return _form(request, Form())


@router.post("/new")
async def send_suppressing(request: Request) -> Response:
    """Stop writing to an address."""

    async def command(context: CommandContext, body: SuppressionForm) -> None:
        await commands.add_suppression(
            context.session,
            context.clock,
            channel=body.channel,
            address=address_given(body.channel, body.address),
            until=body.until,
            note=body.note,
            added_by=context.actor.person_id,
        )

    async def again(form: Form[SuppressionForm]) -> Response:
        return _form(request, form)

    return await take_form(request, SuppressionForm, command, done=_ADDRESS, again=again)


@router.get("/{suppression_id}/lift")
async def show_lifting(request: Request, suppression_id: UUID, session: ReadSession) -> Response:
    """Say what lifting does, before it is done."""
    return await _lifting(request, session, suppression_id, Form())


@router.post("/{suppression_id}/lift")
async def send_lifting(request: Request, suppression_id: UUID, session: ReadSession) -> Response:
    """Let an address be written to again."""

    async def command(context: CommandContext, _body: Body) -> None:
        await commands.lift_suppression(
            context.session, context.clock, suppression_id, lifted_by=context.actor.person_id
        )

    again = partial(_lifting, request, session, suppression_id)
    return await take_form(request, Body, command, done=_ADDRESS, again=again)


def _form(request: Request, form: Form[SuppressionForm]) -> Response:
    longest = {"address": 254, "note": PARAGRAPH_LENGTH}
    return render(request, "recipients/suppress.html", form=form, words=words, longest=longest)


async def _lifting(request: Request, session: AsyncSession, suppression_id: UUID, form: Form[Body]) -> Response:
    return render(
        request,
        "recipients/lift.html",
        form=form,
        suppression=await get_suppression(session, suppression_id),
        does=(
            Text(N_("The address is written to again from now on. What was not sent meanwhile is not sent by itself.")),
            Text(N_("The address and the note are deleted here; that it was lifted, and by whom, is kept.")),
        ),
    )
