"""Calendars over HTTP: what calendars themselves ask for, and the links by which they do."""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from services.booking.composition import keys_of
from services.booking.feeds import commands, queries
from services.booking.feeds.links import CalendarLinkView, link_view
from services.booking.feeds.queries import no_calendar
from services.booking.feeds.rules import FeedKind, FeedPlan, feed_of
from shared.kernel.errors import NotFound
from shared.web.bodies import Body, View
from shared.web.conditional import tagged
from shared.web.edge import CommandContext, CurrentClock, ReadSession, run_command
from shared.web.exchange import exchange_of, parts_of
from shared.web.languages import accepted_language
from shared.web.pace import CODE_PACE, OFFICE_PACE, PACED, Pace, Paces, Try, address_of, keep_pace

router = APIRouter(tags=["calendars"])
_LONGEST_TOKEN: Final = 200
_OF_ONE_LINK: Final = Pace(at_once=20, seconds=30)
_PRIVATE: Final = {"cache-control": "private, max-age=300", "x-robots-tag": "noindex", "referrer-policy": "no-referrer"}
_AS_CALENDAR: Final[dict[int | str, dict[str, Any]]] = {
    200: {"content": {"text/calendar": {}}, "description": "A calendar (RFC 5545)"},
    **PACED,
}


class MakeCalendarLink(Body):
    """Which calendar of one's own: of the meetings that one takes part in, or of those that one holds as a trainer."""

    kind: Literal["own", "trainer"] = "own"


class CalendarLinks(View):
    """The links that somebody has."""

    items: list[CalendarLinkView]


@router.get("/calendars/{calendar_token}.ics", response_class=Response, responses=_AS_CALENDAR)
async def get_calendar(
    request: Request,
    calendar_token: Annotated[str, Path(max_length=_LONGEST_TOKEN)],
    session: ReadSession,
    clock: CurrentClock,
) -> Response:
    """The calendar that a link opens, for calendars that follow addresses: ask again after an hour, with the ETag."""
    try:
        feed_id = feed_of(keys_of(request).calendar_links, calendar_token)
        if feed_id is None:
            raise no_calendar()
        keep_pace(request, "calendar", of_address=OFFICE_PACE, of_one=_OF_ONE_LINK, one=feed_id.hex)
        followed = await queries.follow(session, feed_id, clock.now())
    except NotFound:
        # who has no link tries many; who has one is not slowed by those behind the same address who have none
        paces: Paces = request.app.state.paces
        paces.keep(Try("no calendar", address_of(request)), CODE_PACE)
        raise
    parts = parts_of(request)
    from services.booking.feeds.files import MEDIA_TYPE, calendar_of  # noqa: PLC0415 - 4 MB that a process seldom needs

    content = calendar_of(followed, parts.catalogues, accepted_language(followed.language), origin=parts.origin)
    return tagged(request, content, media_type=MEDIA_TYPE, headers=_PRIVATE)


@router.get("/me/calendars")
async def list_calendar_links(request: Request, session: ReadSession) -> CalendarLinks:
    """The links that one has made and not withdrawn; whoever has no account has none."""
    actor = exchange_of(request).actor
    feeds = [] if actor is None else await queries.open_feeds(session, actor.person_id)
    return CalendarLinks(items=[link_view(request, feed) for feed in feeds])


@router.post("/me/calendars", response_model=CalendarLinkView)
async def make_calendar_link(request: Request, body: MakeCalendarLink) -> Response:
    """Make a link to the calendar of one's own meetings; the same as long as it is not withdrawn."""
    return await _make(request, FeedPlan(FeedKind(body.kind)))


@router.post("/employers/{employer_id}/calendars", response_model=CalendarLinkView)
async def make_employer_calendar_link(request: Request, employer_id: UUID) -> Response:
    """Make one's own link to the calendar of what the employer has booked."""
    return await _make(request, FeedPlan(FeedKind.EMPLOYER, employer_id=employer_id))


@router.post("/runs/{run_id}/calendars", response_model=CalendarLinkView)
async def make_run_calendar_link(request: Request, run_id: UUID) -> Response:
    """Make one's own link to the calendar of a run."""
    return await _make(request, FeedPlan(FeedKind.RUN, run_id=run_id))


async def _make(request: Request, plan: FeedPlan) -> Response:
    async def command(context: CommandContext) -> CalendarLinkView:
        owner_id = context.actor.person_id
        return link_view(request, await commands.make_feed(context.session, context.clock, plan, owner_id=owner_id))

    return await run_command(request, command)


@router.delete("/calendars/{calendar_id}", status_code=204)
async def withdraw_calendar_link(request: Request, calendar_id: UUID) -> Response:
    """Withdraw one's own link: what follows it sees no more."""

    async def command(context: CommandContext) -> None:
        actor = context.found_actor
        owner_id = None if actor is None else actor.person_id
        await commands.withdraw_feed(context.session, context.clock, calendar_id, owner_id=owner_id)

    return await run_command(request, command)
