"""What an operator does about notifications that did not arrive, or of which nobody knows: sends again, or cancels."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import true
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.notification import words
from services.notification.notifications import commands
from services.notification.notifications.bodies import Decision
from services.notification.notifications.listing import FilterQuery, show_list
from services.notification.notifications.queries import count_by_state, get_whole
from services.notification.notifications.tables import Notification
from shared.kernel.grants import Actor
from shared.kernel.texts import N_, Text
from shared.web.bodies import PARAGRAPH_LENGTH
from shared.web.edge import CommandContext, CurrentActor, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()


@router.get("/operator/notifications")
async def show_notifications(
    request: Request, session: ReadSession, actor: CurrentActor, query: FilterQuery
) -> Response:
    """List all notifications, and how many stand where."""
    return await show_list(
        request,
        session,
        actor,
        true(),
        query,
        template="notifications/operator.html",
        counts=await count_by_state(session),
    )


@router.get("/notifications/{notification_id}/send-again")
async def show_resending(
    request: Request, notification_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Say what sending again does, before it is done."""
    return await _resending(request, session, actor, notification_id, Form())


@router.post("/notifications/{notification_id}/send-again")
async def send_resending(
    request: Request, notification_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Send again what failed, or of which nobody knows whether it was sent."""

    async def command(context: CommandContext, body: Decision) -> None:
        await commands.send_again(
            context.session,
            context.clock,
            notification_id,
            actor_id=context.actor.person_id,
            reason=body.reason,
        )

    again = partial(_resending, request, session, actor, notification_id)
    return await take_form(request, Decision, command, done=_address(notification_id), again=again)


@router.get("/notifications/{notification_id}/cancel")
async def show_cancelling(
    request: Request, notification_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Say what cancelling does, before it is done."""
    return await _cancelling(request, session, actor, notification_id, Form())


@router.post("/notifications/{notification_id}/cancel")
async def send_cancelling(
    request: Request, notification_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Decide that what has not left yet is not to be sent."""

    async def command(context: CommandContext, body: Decision) -> None:
        await commands.cancel(
            context.session,
            context.clock,
            notification_id,
            actor_id=context.actor.person_id,
            reason=body.reason,
        )

    again = partial(_cancelling, request, session, actor, notification_id)
    return await take_form(request, Decision, command, done=_address(notification_id), again=again)


async def _resending(
    request: Request, session: AsyncSession, actor: Actor, notification_id: UUID, form: Form[Decision]
) -> Response:
    row = (await get_whole(session, actor, notification_id)).notification
    does = (
        Text(N_("It is sent at once, to the address that the recipient has now, with what was to be said then.")),
        Text(N_("If it had arrived after all, the recipient gets it twice.")),
    )
    return _page(request, "notifications/send_again.html", row, form, does)


async def _cancelling(
    request: Request, session: AsyncSession, actor: Actor, notification_id: UUID, form: Form[Decision]
) -> Response:
    row = (await get_whole(session, actor, notification_id)).notification
    does = (
        Text(N_("It is not sent, and not tried again. This cannot be taken back.")),
        Text(N_("The recipient is not told of it by us: tell her another way if she needs to know.")),
    )
    return _page(request, "notifications/cancel.html", row, form, does)


def _page(request: Request, template: str, row: Notification, form: Form[Decision], does: tuple[Text, ...]) -> Response:
    return render(request, template, form=form, notification=row, does=does, words=words, longest=PARAGRAPH_LENGTH)


def _address(notification_id: UUID) -> str:
    return f"/notification/notifications/{notification_id}"
