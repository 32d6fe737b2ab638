"""Notifications over the API: lists by person, employer, supplier and project, one with its history, two decisions."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlalchemy import ColumnElement
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.notification.base import Holder
from services.notification.notifications import commands
from services.notification.notifications.bodies import Decision
from services.notification.notifications.queries import get_whole, list_notifications, told_to, whole_of
from services.notification.notifications.rules import State
from services.notification.notifications.tables import Notification
from services.notification.notifications.views import (
    NotificationView,
    WholeNotificationView,
    notification_view,
    whole_view,
)
from shared.kernel.grants import Actor
from shared.web.edge import CommandContext, CurrentActor, ReadSession, run_command
from shared.web.paging import Page, PageFilter

router = APIRouter(tags=["notifications"])


class NotificationFilter(PageFilter):
    """Which notifications to list."""

    kind: Annotated[str, Field(pattern=r"^[a-z_]{1,60}$", description="as in /wordings")] | None = None
    state: State | None = None


NotificationQuery = Annotated[NotificationFilter, Query()]


@router.get("/people/{person_id}/notifications")
async def list_notifications_of_person(
    person_id: UUID, session: ReadSession, actor: CurrentActor, query: NotificationQuery
) -> Page[NotificationView]:
    """List what a person has been told, newest first."""
    return await _page(session, actor, told_to(Holder.PERSON, person_id), query)


@router.get("/suppliers/{supplier_id}/notifications")
async def list_notifications_of_supplier(
    supplier_id: UUID, session: ReadSession, actor: CurrentActor, query: NotificationQuery
) -> Page[NotificationView]:
    """List what a supplier has been told, newest first."""
    return await _page(session, actor, told_to(Holder.SUPPLIER, supplier_id), query)


@router.get("/employers/{employer_id}/notifications")
async def list_notifications_about_employer(
    employer_id: UUID, session: ReadSession, actor: CurrentActor, query: NotificationQuery
) -> Page[NotificationView]:
    """List what has been told about an employer's bookings and requests, newest first."""
    return await _page(session, actor, col(Notification.employer_id) == employer_id, query)


@router.get("/projects/{project_id}/notifications")
async def list_notifications_about_project(
    project_id: UUID, session: ReadSession, actor: CurrentActor, query: NotificationQuery
) -> Page[NotificationView]:
    """List what has been told in a project, newest first.

    What tells who was invited to bid, or bid, is in the list of the buyer's officers and of operators alone.
    """
    return await _page(session, actor, col(Notification.project_id) == project_id, query)


async def _page(
    session: AsyncSession, actor: Actor, which: ColumnElement[bool], query: NotificationFilter
) -> Page[NotificationView]:
    rows = await list_notifications(session, actor, which, query, kind=query.kind, state=query.state)
    return Page(items=[notification_view(row) for row in rows.rows], next=rows.next)


@router.get("/notifications/{notification_id}")
async def get_notification(notification_id: UUID, session: ReadSession, actor: CurrentActor) -> WholeNotificationView:
    """Get a notification with its changes, attempts and receipts."""
    return whole_view(await get_whole(session, actor, notification_id))


@router.post("/notifications/{notification_id}/send-again", response_model=WholeNotificationView)
async def send_notification_again(request: Request, notification_id: UUID, body: Decision) -> Response:
    """Send again what failed, or of which nobody knows whether it was sent."""

    async def command(context: CommandContext) -> WholeNotificationView:
        row = await commands.send_again(
            context.session,
            context.clock,
            notification_id,
            actor_id=context.actor.person_id,
            reason=body.reason,
        )
        await context.session.flush()
        return whole_view(await whole_of(context.session, row))

    return await run_command(request, command)


@router.post("/notifications/{notification_id}/cancel", response_model=WholeNotificationView)
async def cancel_notification(request: Request, notification_id: UUID, body: Decision) -> Response:
    """Decide that what has not left yet is not to be sent."""

    async def command(context: CommandContext) -> WholeNotificationView:
        row = await commands.cancel(
            context.session,
            context.clock,
            notification_id,
            actor_id=context.actor.person_id,
            reason=body.reason,
        )
        await context.session.flush()
        return whole_view(await whole_of(context.session, row))

    return await run_command(request, command)
