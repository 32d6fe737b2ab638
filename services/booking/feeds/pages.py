"""Where each reader finds her links to calendars, makes them and withdraws them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.courses.queries import get_course, get_run
from services.booking.employers.standing import standing_of
from services.booking.feeds import commands, queries
from services.booking.feeds.links import CalendarLinkView, link_to, link_view
from services.booking.feeds.rules import FeedKind, FeedPlan
from services.booking.people.queries import get_person
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body
from shared.web.edge import CommandContext, CurrentActor, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render, see_other

router = APIRouter()
Crumbs = Sequence[tuple[str, Text | str]]
_MINE: Final = "/booking/me/calendar"
_OWN_TITLE, _OWN_HOLDS = (
    N_("Courses that you take part in"),
    N_("Every meeting of the courses that you have a seat on."),
)
_HELD_TITLE, _HELD_HOLDS = (
    N_("Courses that you hold"),
    N_("Every meeting in the projects that you are a trainer of, but for courses that name others."),
)
_EMPLOYER_HOLDS = N_("Every meeting that {employer} has booked, with the number of seats and without names.")
_RUN_HOLDS = N_("Every meeting of this course.")


class WhichForm(Body):
    """Of which calendar a link is to be made."""

    kind: Literal["own", "trainer"] = "own"


@dataclass(frozen=True, slots=True)
class Shown:
    """A calendar on a page: what it is called, what it holds, and the reader's link to it if she has one."""

    kind: FeedKind
    title: Text
    holds: Text
    link: CalendarLinkView | None


@router.get("/me/calendar")
async def show_calendars(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    """Show the calendars of one's own meetings."""
    return await _own_page(request, session, actor, Form())


@router.post("/me/calendar")
async def send_calendars(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    """Make a link to one of them."""

    async def command(context: CommandContext, body: WhichForm) -> None:
        plan = FeedPlan(FeedKind(body.kind))
        await commands.make_feed(context.session, context.clock, plan, owner_id=context.actor.person_id)

    again = partial(_own_page, request, session, actor)
    return await take_form(request, WhichForm, command, done=_MINE, again=again)


@router.get("/employers/{employer_id}/calendar")
async def show_employer_calendar(
    request: Request, employer_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Show the calendar of what the employer has booked."""
    return await _employer_page(request, session, actor, employer_id, Form())


@router.post("/employers/{employer_id}/calendar")
async def send_employer_calendar(
    request: Request, employer_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Make a link to it."""
    again = partial(_employer_page, request, session, actor, employer_id)
    return await _make(request, FeedPlan(FeedKind.EMPLOYER, employer_id=employer_id), again)


@router.get("/runs/{run_id}/calendar")
async def show_run_calendar(request: Request, run_id: UUID, session: ReadSession, actor: CurrentActor) -> Response:
    """Show the calendar of a run."""
    return await _run_page(request, session, actor, run_id, Form())


@router.post("/runs/{run_id}/calendar")
async def send_run_calendar(request: Request, run_id: UUID, session: ReadSession, actor: CurrentActor) -> Response:
    """Make a link to it."""
    again = partial(_run_page, request, session, actor, run_id)
    return await _make(request, FeedPlan(FeedKind.RUN, run_id=run_id), again)


@router.get("/calendars/{calendar_id}/withdraw")
async def show_calendar_withdrawal(
    request: Request, calendar_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Say what withdrawing a link does, before it is done."""
    return await _withdrawal_page(request, session, actor, calendar_id, Form())


@router.post("/calendars/{calendar_id}/withdraw")
async def send_calendar_withdrawal(
    request: Request, calendar_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Withdraw a link."""
    link = await _link(request, session, actor, calendar_id)

    async def command(context: CommandContext, _body: Body) -> None:
        owner_id = context.actor.person_id
        await commands.withdraw_feed(context.session, context.clock, calendar_id, owner_id=owner_id)

    again = partial(_withdrawal_page, request, session, actor, calendar_id)
    return await take_form(request, Body, command, done=_MINE if link is None else _page_of(link), again=again)


async def _make(request: Request, plan: FeedPlan, again: Any) -> Response:  # noqa: ANN401 - a page that takes the form
    async def command(context: CommandContext, _body: Body) -> None:
        await commands.make_feed(context.session, context.clock, plan, owner_id=context.actor.person_id)

    return await take_form(request, Body, command, done=request.url.path, again=again)


async def _links(request: Request, session: AsyncSession, person_id: UUID) -> Sequence[CalendarLinkView]:
    return [link_view(request, feed) for feed in await queries.open_feeds(session, person_id)]


async def _own_page(request: Request, session: AsyncSession, actor: CurrentActor, form: Form[WhichForm]) -> Response:
    links = await _links(request, session, actor.person_id)
    shown = [Shown(FeedKind.OWN, Text(_OWN_TITLE), Text(_OWN_HOLDS), link_to(links, FeedKind.OWN))]
    if actor.holds(Role.TRAINER):
        held = link_to(links, FeedKind.TRAINER)
        shown.append(Shown(FeedKind.TRAINER, Text(_HELD_TITLE), Text(_HELD_HOLDS), held))
    crumbs: Crumbs = [("/booking/", Text(N_("Start"))), ("/booking/me", Text(N_("Your details and roles")))]
    return await _page(request, session, actor, form, shown, crumbs)


async def _employer_page(
    request: Request, session: AsyncSession, actor: CurrentActor, employer_id: UUID, form: Form[Body]
) -> Response:
    standing = await standing_of(request, session, employer_id)
    links = await _links(request, session, actor.person_id)
    link = link_to(links, FeedKind.EMPLOYER, employer_id=employer_id)
    holds = Text(_EMPLOYER_HOLDS, {"employer": standing.name})
    shown = [Shown(FeedKind.EMPLOYER, Text("{name}", {"name": standing.name}), holds, link)]
    crumbs: Crumbs = [("/booking/employers", Text(N_("Employers"))), (standing.address(), standing.name)]
    return await _page(request, session, actor, form, shown, crumbs)


async def _run_page(
    request: Request, session: AsyncSession, actor: CurrentActor, run_id: UUID, form: Form[Body]
) -> Response:
    run = await get_run(session, run_id)
    title = (await get_course(session, run.course_id)).title
    link = link_to(await _links(request, session, actor.person_id), FeedKind.RUN, run_id=run_id)
    shown = [Shown(FeedKind.RUN, Text("{name}", {"name": title}), Text(_RUN_HOLDS), link)]
    crumbs: Crumbs = [("/booking/runs", Text(N_("Courses"))), (f"/booking/runs/{run_id}", title)]
    return await _page(request, session, actor, form, shown, crumbs)


async def _page(
    request: Request,
    session: AsyncSession,
    actor: CurrentActor,
    form: Form[Any],
    shown: Sequence[Shown],
    crumbs: Crumbs,
) -> Response:
    person = await get_person(session, actor.person_id, reader=actor.person_id)
    return render(
        request, "feeds/calendar.html", form=form, shown=shown, way_here=crumbs, is_protected=person.protected
    )


async def _link(
    request: Request, session: AsyncSession, actor: CurrentActor, calendar_id: UUID
) -> CalendarLinkView | None:
    links = await _links(request, session, actor.person_id)
    return next((link for link in links if link.calendar_id == calendar_id), None)


async def _withdrawal_page(
    request: Request, session: AsyncSession, actor: CurrentActor, calendar_id: UUID, form: Form[Body]
) -> Response:
    link = await _link(request, session, actor, calendar_id)
    if link is None:
        return see_other(_MINE)
    does = [
        Text(N_("Calendars that follow the link see nothing new any more, and most take its meetings away.")),
        Text(N_("The link opens nothing again. You can make another at any time.")),
        Text(N_("Nobody is written to about it. Bookings stay as they are.")),
    ]
    return render(request, "feeds/withdraw.html", form=form, does=does, back=_page_of(link))


def _page_of(link: CalendarLinkView) -> str:
    if link.employer_id is not None:
        return f"/booking/employers/{link.employer_id}/calendar"
    return _MINE if link.run_id is None else f"/booking/runs/{link.run_id}/calendar"
