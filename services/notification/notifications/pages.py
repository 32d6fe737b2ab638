"""What people are told, as they find it themselves: received, about an employer or a project, and one with its text."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import APIRouter, Request
from sqlalchemy import or_
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.notification import words
from services.notification.base import Holder
from services.notification.notifications.listing import FilterQuery, show_list
from services.notification.notifications.queries import Whole, get_whole, told_to
from services.notification.notifications.rules import MOVES, State
from services.notification.notifications.tables import Notification, NotificationChange
from services.notification.notifications.writing import write_for
from services.notification.recipients.queries import find_names, find_project, find_recipient, list_projects
from services.notification.recipients.tables import Project
from services.notification.wordings.catalogue import Written
from services.notification.wordings.forms import spoken
from shared.kernel.grants import Actor
from shared.kernel.roles import Role
from shared.web.edge import CurrentActor, ReadSession
from shared.web.exchange import parts_of
from shared.web.pages.rendering import render

router = APIRouter()

_OF_PROJECTS = (Role.PROJECT_LEAD, Role.PROCUREMENT_OFFICER)


@router.get("/")
async def show_start(request: Request) -> Response:
    """Say what people are told and how."""
    return render(request, "notifications/start.html")


@router.get("/mine")
async def show_mine(request: Request, session: ReadSession, actor: CurrentActor, query: FilterQuery) -> Response:
    """List what has been told to whoever is signed in, and to the suppliers that she acts for."""
    which = or_(*(told_to(kind, holder_id) for kind, holder_id in _own(actor)))
    return await show_list(
        request,
        session,
        actor,
        which,
        query,
        template="notifications/mine.html",
        projects=await _projects(session, actor),
        employer_ids=_only_employer(actor),
    )


@router.get("/employers/{employer_id}")
async def show_about_employer(
    request: Request, employer_id: UUID, session: ReadSession, actor: CurrentActor, query: FilterQuery
) -> Response:
    """List what has been told about an employer's bookings and requests."""
    which = col(Notification.employer_id) == employer_id
    return await show_list(request, session, actor, which, query, template="notifications/of_employer.html")


@router.get("/projects/{project_id}")
async def show_about_project(
    request: Request, project_id: UUID, session: ReadSession, actor: CurrentActor, query: FilterQuery
) -> Response:
    """List what has been told in a project; what is secret is left out for who may not know it."""
    which = col(Notification.project_id) == project_id
    project = await find_project(session, project_id)
    return await show_list(
        request, session, actor, which, query, template="notifications/of_project.html", project=project
    )


@router.get("/notifications/{notification_id}")
async def show_notification(
    request: Request, notification_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Show one notification with what happened to it; what was said is shown to its recipient alone."""
    whole = await get_whole(session, actor, notification_id)
    row = whole.notification
    is_own = (row.recipient_kind, row.recipient_id) in _own(actor)
    recipient = await find_recipient(session, row.recipient_kind, row.recipient_id)
    return render(
        request,
        "notifications/one.html",
        notification=row,
        recipient_name=None if recipient is None or recipient.protected else recipient.name,
        is_own=is_own,
        written=await _written(request, session, row) if is_own else None,
        history=await _told_history(session, whole),
        attempts=whole.attempts,
        words=words,
        may_send_again=actor.holds(Role.OPERATOR) and MOVES.allows(row.state, State.PENDING),
        may_cancel=actor.holds(Role.OPERATOR) and MOVES.allows(row.state, State.CANCELLED),
        is_operator=actor.holds(Role.OPERATOR),
        may_see_employer=actor.holds(Role.CONTACT, Role.COACH, Role.PROJECT_LEAD, Role.OPERATOR),
    )


def _own(actor: Actor) -> list[tuple[Holder, UUID]]:
    suppliers = [grant.supplier_id for grant in actor.grants_of(Role.SUPPLIER) if grant.supplier_id is not None]
    return [(Holder.PERSON, actor.person_id), *((Holder.SUPPLIER, supplier_id) for supplier_id in suppliers)]


def _only_employer(actor: Actor) -> list[UUID]:
    """Return the employer that somebody acts for, where it is one: of several the names are not known here."""
    employers = {grant.employer_id for grant in actor.grants_of(Role.CONTACT) if grant.employer_id is not None}
    return list(employers) if len(employers) == 1 else []


async def _projects(session: AsyncSession, actor: Actor) -> Sequence[Project]:
    ids = {grant.project_id for grant in actor.grants_of(*_OF_PROJECTS) if grant.project_id is not None}
    return await list_projects(session, ids) if ids else ()


async def _written(request: Request, session: AsyncSession, row: Notification) -> Written | None:
    """Return what was said; None where it is no longer kept."""
    recipient = await find_recipient(session, row.recipient_kind, row.recipient_id)
    if row.content is None or recipient is None:
        return None
    wordings = request.app.state.wordings
    language = spoken(recipient.language)
    project = None if row.project_id is None else await find_project(session, row.project_id)
    return write_for(wordings, row, recipient, project, language=language, origin=parts_of(request).origin)


async def _told_history(session: AsyncSession, whole: Whole) -> list[tuple[NotificationChange, str | None]]:
    """Return the changes, newest first, each with the name of the person who decided it, where one did."""
    names = await find_names(session, {change.actor_id for change in whole.history if change.actor_id is not None})
    return [(change, names.get(change.actor_id) if change.actor_id else None) for change in reversed(whole.history)]
