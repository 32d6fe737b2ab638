"""Who was not reached, over HTTP: for whoever can ring them instead."""

from uuid import UUID

from fastapi import APIRouter
from pydantic import AwareDatetime
from sqlmodel import col, select

from services.booking.reach.tables import Unreached
from shared.web.bodies import View
from shared.web.edge import ReadSession
from shared.web.page_query import PageQuery
from shared.web.paging import Page, page_of

router = APIRouter(tags=["reach"])


class UnreachedView(View):
    """A notification that did not arrive."""

    notification_id: UUID
    person_id: UUID
    employer_id: UUID | None
    kind: str
    channel: str
    cause: str
    failed_at: AwareDatetime


@router.get("/projects/{project_id}/unreached")
async def list_unreached(project_id: UUID, query: PageQuery, session: ReadSession) -> Page[UnreachedView]:
    """Whom the project's notifications have not reached."""
    statement = select(Unreached).where(col(Unreached.project_id) == project_id, col(Unreached.reached_at).is_(None))
    page = await page_of(
        session, statement, [col(Unreached.notification_id)], query, keys=lambda row: (row.notification_id,)
    )
    return Page(items=[UnreachedView.model_validate(row) for row in page.rows], next=page.next)
