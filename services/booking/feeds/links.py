"""A reader's links as pages and API show them: whole, as often as she looks, for only she is shown them."""

from collections.abc import Sequence
from uuid import UUID

from fastapi import Request
from pydantic import AwareDatetime, Field

from services.booking.composition import keys_of
from services.booking.feeds.rules import FeedKind, token_of
from services.booking.feeds.tables import CalendarFeed
from shared.web.bodies import View
from shared.web.exchange import parts_of


class CalendarLinkView(View):
    """A link to a calendar. Whoever has it can read what is in it: it is as secret as a password."""

    calendar_id: UUID
    kind: FeedKind
    employer_id: UUID | None
    run_id: UUID | None
    made_at: AwareDatetime
    address: str = Field(description="To be given to a calendar that follows addresses")


def link_view(request: Request, feed: CalendarFeed) -> CalendarLinkView:
    """Return the view of a link that is open."""
    origin = parts_of(request).origin
    token = token_of(keys_of(request).calendar_links, feed.id)
    return CalendarLinkView(
        calendar_id=feed.id,
        kind=FeedKind(feed.kind),
        employer_id=feed.employer_id,
        run_id=feed.run_id,
        made_at=feed.made_at,
        address=f"{origin}/booking/api/v1/calendars/{token}.ics",
    )


def link_to(
    links: Sequence[CalendarLinkView], kind: FeedKind, *, employer_id: UUID | None = None, run_id: UUID | None = None
) -> CalendarLinkView | None:
    """Return the link of this kind among the reader's, if she has one."""
    wanted = (kind, employer_id, run_id)
    return next((link for link in links if (link.kind, link.employer_id, link.run_id) == wanted), None)
