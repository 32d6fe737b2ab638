"""Who was not reached, for whoever rings them instead. An operator sees that it happened, and not to whom."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.booking.projects.queries import get_project_row
from services.booking.reach.queries import UnreachedPerson, UnreachedSearch, search_unreached
from services.booking.reach.words import CHANNEL_NAMES, cause_text, kind_name
from shared.kernel.grants import Actor, Scope
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.edge import ReadSession
from shared.web.exchange import exchange_of
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()
_KNOWING: Final = (Role.COACH, Role.PROJECT_LEAD)
_COLUMNS: Final = (
    Column(N_("When"), lambda row: row.failed_at),
    Column(N_("Person"), lambda row: row.name),
    Column(N_("Telephone"), lambda row: row.phone),
    Column(N_("E-mail"), lambda row: row.email),
    Column(N_("Employer"), lambda row: row.employer_name),
    Column(N_("Message"), lambda row: Text(kind_name(row.kind))),
    Column(N_("Sent by"), lambda row: Text(CHANNEL_NAMES.get(row.channel, row.channel))),
    Column(N_("Why it did not arrive"), lambda row: Text(cause_text(row.cause))),
)


@router.get("/projects/{project_id}/unreached")
async def show_unreached(
    request: Request, project_id: UUID, session: ReadSession, query: Annotated[UnreachedSearch, Query()]
) -> Response:
    """Show whom the project's messages have not reached, with how to reach them otherwise."""
    project = await get_project_row(session, project_id)
    actor = exchange_of(request).actor
    names = actor is not None and _knows_people(actor, project_id)

    async def read(page: UnreachedSearch) -> Rows[UnreachedPerson]:
        return await search_unreached(session, page, project_id=project_id, names=names)

    async def show(listing: Listing[UnreachedPerson]) -> Response:
        return render(
            request,
            "reach/unreached.html",
            project=project,
            unreached=listing,
            names=names,
            channel_names=CHANNEL_NAMES,
            kind_name=kind_name,
            cause_text=cause_text,
        )

    return await show_or_export(
        request, query, name="unreached", columns=_COLUMNS, sort="-failed", read=read, show=show
    )


def _knows_people(actor: Actor, project_id: UUID) -> bool:
    scope = Scope(projects=frozenset({project_id}))
    return any(grant.covers(scope) for grant in actor.grants_of(*_KNOWING))
