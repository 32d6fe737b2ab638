"""Preferences and suppressions over the API."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import AwareDatetime, Field, StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.notification.base import Holder
from services.notification.kinds import ChannelName
from services.notification.recipients import commands
from services.notification.recipients.queries import list_suppressions, list_wishes
from services.notification.recipients.rules import SuppressionCause, address_given
from services.notification.recipients.tables import Suppression
from shared.web.bodies import Body, Reason, View, own_id
from shared.web.edge import CommandContext, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["recipients"])
_MOST_WISHES = 200


class WishView(View):
    """Whether a kind of notification is wished over a channel; a required one cannot be switched off."""

    kind: str
    channel: ChannelName
    wanted: bool
    required: bool


class PreferencesView(View):
    """All that can be wished, and what is."""

    preferences: list[WishView]


class SetWish(Body):
    """A kind of notification, a channel, and whether it is wished."""

    kind: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,60}$")]
    channel: ChannelName
    wanted: bool


class SetPreferences(Body):
    """What to change; kinds and channels that are not named stay as they are."""

    preferences: Annotated[list[SetWish], Field(min_length=1, max_length=_MOST_WISHES)]


class SuppressionView(View):
    """An address that is not written to."""

    suppression_id: UUID = own_id("suppression_id")
    channel: ChannelName
    address: str | None
    cause: SuppressionCause
    note: str | None
    since: datetime
    until: datetime | None
    lifted_at: datetime | None


class AddSuppression(Body):
    """An address that is not to be written to, until a time or until it is lifted."""

    channel: ChannelName
    address: Annotated[str, StringConstraints(min_length=3, max_length=254, pattern=r"^[^\s]+( [^\s]+)*$")]
    until: AwareDatetime | None = None
    note: Reason


@router.get("/people/{person_id}/preferences")
async def get_preferences_of_person(person_id: UUID, session: ReadSession) -> PreferencesView:
    """Get what a person wishes to be told, and how."""
    return await _preferences(session, Holder.PERSON, person_id)


@router.get("/suppliers/{supplier_id}/preferences")
async def get_preferences_of_supplier(supplier_id: UUID, session: ReadSession) -> PreferencesView:
    """Get what a supplier wishes to be told, and how."""
    return await _preferences(session, Holder.SUPPLIER, supplier_id)


@router.put("/people/{person_id}/preferences", response_model=PreferencesView)
async def set_preferences_of_person(request: Request, person_id: UUID, body: SetPreferences) -> Response:
    """Set what a person wishes to be told, and how."""
    return await _set(request, Holder.PERSON, person_id, body)


@router.put("/suppliers/{supplier_id}/preferences", response_model=PreferencesView)
async def set_preferences_of_supplier(request: Request, supplier_id: UUID, body: SetPreferences) -> Response:
    """Set what a supplier wishes to be told, and how."""
    return await _set(request, Holder.SUPPLIER, supplier_id, body)


async def _preferences(session: AsyncSession, kind: Holder, holder_id: UUID) -> PreferencesView:
    wishes = await list_wishes(session, kind, holder_id)
    return PreferencesView(preferences=[WishView.model_validate(wish) for wish in wishes])


async def _set(request: Request, kind: Holder, holder_id: UUID, body: SetPreferences) -> Response:
    async def command(context: CommandContext) -> PreferencesView:
        await commands.set_wishes(
            context.session,
            context.clock,
            (kind, holder_id),
            [(wish.kind, wish.channel, wish.wanted) for wish in body.preferences],
        )
        return await _preferences(context.session, kind, holder_id)

    return await run_command(request, command)


@router.get("/suppressions")
async def list_suppressed_addresses(session: ReadSession, query: PageQuery) -> Page[SuppressionView]:
    """List the addresses that are not written to."""
    rows = await list_suppressions(session, query)
    return Page(items=[SuppressionView.model_validate(row) for row in rows.rows], next=rows.next)


@router.post("/suppressions", status_code=201, response_model=SuppressionView)
async def suppress_address(request: Request, body: AddSuppression) -> Response:
    """Stop writing to an address."""

    async def command(context: CommandContext) -> SuppressionView:
        row: Suppression = await commands.add_suppression(
            context.session,
            context.clock,
            channel=body.channel,
            address=address_given(body.channel, body.address),
            until=body.until,
            note=body.note,
            added_by=context.actor.person_id,
        )
        return SuppressionView.model_validate(row)

    return await run_command(request, command, status=201)


@router.post("/suppressions/{suppression_id}/lift", response_model=SuppressionView)
async def lift_suppressed_address(request: Request, suppression_id: UUID) -> Response:
    """Let an address be written to again."""

    async def command(context: CommandContext) -> SuppressionView:
        row = await commands.lift_suppression(
            context.session, context.clock, suppression_id, lifted_by=context.actor.person_id
        )
        return SuppressionView.model_validate(row)

    return await run_command(request, command)
