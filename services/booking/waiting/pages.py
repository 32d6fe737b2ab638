"""A place in a queue on pages: joining, where one stands and why, answering an offer, leaving."""

from datetime import datetime
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.bookings.choosing import choosable_people, free_seats_for, open_needs
from services.booking.bookings.people_form import begins_with, errors_at_people, names_of_boxes
from services.booking.bookings.placing_pages import approval_words, named_by_words
from services.booking.bookings.views import BookingView, placed_view
from services.booking.composition import links_of
from services.booking.courses.queries import get_run
from services.booking.courses.rules import RunState
from services.booking.courses.tables import Run
from services.booking.employers.standing import standing_of
from services.booking.people.queries import find_names
from services.booking.projects.queries import get_project_row
from services.booking.seats import waiting
from services.booking.seats.queries import entry_history, get_entry
from services.booking.seats.views import Seats, run_view
from services.booking.seats.waiting import Wish
from services.booking.waiting import commands
from services.booking.waiting.queries import active_entries_of
from services.booking.waiting.views import AcceptOffer, Least, WaitingEntryView, entry_view
from services.booking.waiting.words import STATE_KINDS, STATE_NAMES, TURN_NAMES, told_history, why_text
from shared.kernel.grants import Scope
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body
from shared.web.edge import CommandContext, CurrentClock, ReadSession
from shared.web.exchange import exchange_of
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
_JOIN = "/employers/{employer_id}/runs/{run_id}/wait"
_ENTRY = "/queue/{entry_id}"


class JoinForm(Body):
    """A group that waits."""

    seats: Seats
    least: Least = None
    need_id: UUID | None = None


class NoFields(Body):
    """A button."""


class NeedQuery(BaseModel):
    """The need that the seats are to meet."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    need: UUID | None = None


class NamesQuery(BaseModel):
    """Letters of the names to show."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    q: str = Field(default="", max_length=100)


@router.get(_JOIN)
async def show_join_queue(
    request: Request,
    employer_id: UUID,
    run_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    query: Annotated[NeedQuery, Query()],
) -> Response:
    """Show the form by which an employer's group waits for seats."""
    return await _join_page(request, session, employer_id, run_id, Form(), clock=clock, need=query.need)


@router.post(_JOIN)
async def send_join_queue(
    request: Request,
    employer_id: UUID,
    run_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    query: Annotated[NeedQuery, Query()],
) -> Response:
    """Put the group at the end of the queue."""
    run = await get_run(session, run_id)

    async def command(context: CommandContext, body: JoinForm) -> WaitingEntryView:
        wish = Wish(run.project_id, employer_id, run_id, body.seats, body.least or body.seats, body.need_id)
        entry = await commands.join_queue(context.session, context.clock, wish, by=context.actor.person_id)
        return await entry_view(context.session, entry)

    again = partial(_join_page, request, session, employer_id, run_id, clock=clock, need=query.need)
    return await take_form(
        request, JoinForm, command, done=lambda made: f"/booking/queue/{made['entry_id']}", again=again
    )


async def _join_page(
    request: Request,
    session: AsyncSession,
    employer_id: UUID,
    run_id: UUID,
    form: Form[JoinForm],
    *,
    clock: CurrentClock,
    need: UUID | None,
) -> Response:
    run = await get_run(session, run_id)
    project = await get_project_row(session, run.project_id)
    standing = await standing_of(request, session, employer_id)
    is_member = any(part.project_id == run.project_id and part.is_joined for part in standing.parts)
    return render(
        request,
        "waiting/join.html",
        form=form,
        run=await run_view(session, run),
        standing=standing,
        is_closed=run.state != RunState.SCHEDULED or clock.now() >= run.starts_at or not is_member,
        project=project,
        free=await free_seats_for(session, run, employer_id),
        waits=next(iter(await active_entries_of(session, run_id, [employer_id])), None),
        needs=await open_needs(session, run.project_id, employer_id),
        need=need,
    )


@router.get(_ENTRY)
async def show_waiting_entry(request: Request, entry_id: UUID, session: ReadSession, clock: CurrentClock) -> Response:
    """Show a place in a queue: where it is, why, what is offered, and what has happened."""
    entry = await get_entry(session, entry_id)
    run = await get_run(session, entry.run_id)
    view = await entry_view(session, entry)
    project = await get_project_row(session, entry.project_id)
    history = await entry_history(session, entry_id)
    names = await find_names(session, {row.actor_id for row in history if row.actor_id is not None})
    now = clock.now()
    return render(
        request,
        "waiting/entry.html",
        entry=view,
        standing=await standing_of(request, session, entry.employer_id),
        project=project,
        why=why_text(view, most_passes=project.queue_passes),
        history=told_history(history, names),
        has_begun=run.state != RunState.POSTPONED and now >= run.starts_at,
        is_over=view.offer is not None and now >= view.offer.until,
        leads=_leads(request, run),
        state_names=STATE_NAMES,
        state_kinds=STATE_KINDS,
        turn_names=TURN_NAMES,
    )


def _leads(request: Request, run: Run) -> bool:
    actor = exchange_of(request).actor
    scope = Scope(projects=frozenset({run.project_id}))
    return actor is not None and any(grant.covers(scope) for grant in actor.grants_of(Role.PROJECT_LEAD))


@router.get(_ENTRY + "/accept")
async def show_offer_acceptance(
    request: Request,
    entry_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    query: Annotated[NamesQuery, Query()],
) -> Response:
    """Show what is offered, and whom one may name."""
    return await _accept_page(request, session, entry_id, Form(), query, clock.now())


@router.post(_ENTRY + "/accept")
async def send_offer_acceptance(
    request: Request,
    entry_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    query: Annotated[NamesQuery, Query()],
) -> Response:
    """Book the seats that are offered."""

    async def command(context: CommandContext, body: AcceptOffer) -> BookingView:
        placed = await commands.accept_offer(
            context.session,
            context.clock,
            entry_id,
            participants=body.participants,
            actor=context.actor,
            by=context.actor.person_id,
        )
        return await placed_view(context.session, placed)

    again = partial(_accept_page, request, session, entry_id, query=query, now=clock.now())
    return await take_form(
        request, AcceptOffer, command, done=lambda made: f"/booking/bookings/{made['booking_id']}?new=yes", again=again
    )


async def _accept_page(
    request: Request, session: AsyncSession, entry_id: UUID, form: Form[Any], query: NamesQuery, now: datetime
) -> Response:
    entry = await get_entry(session, entry_id)
    run = await get_run(session, entry.run_id)
    project = await get_project_row(session, entry.project_id)
    choosable = await choosable_people(
        session, run, project_id=entry.project_id, employer_id=entry.employer_id, search=query.q
    )
    errors_at_people(form)
    return render(
        request,
        "waiting/accept.html",
        form=form,
        entry=await entry_view(session, entry),
        standing=await standing_of(request, session, entry.employer_id),
        choosable=choosable,
        ticked=begins_with(form, frozenset()),
        boxes=names_of_boxes(choosable),
        searched=query.q,
        approval=approval_words(project.booking_approval),
        named_by=named_by_words(run, project.name_by_days, now),
    )


@router.get(_ENTRY + "/decline")
async def show_offer_refusal(request: Request, entry_id: UUID, session: ReadSession) -> Response:
    """Say what declining does before it is done."""
    return await _confirm_page(request, session, entry_id, Form(), declines=True)


@router.post(_ENTRY + "/decline")
async def send_offer_refusal(request: Request, entry_id: UUID, session: ReadSession) -> Response:
    """Give up the seats that are offered."""

    async def command(context: CommandContext, _body: NoFields) -> None:
        await waiting.decline(context.session, context.clock, entry_id, by=context.actor.person_id)

    again = partial(_confirm_page, request, session, entry_id, declines=True)
    return await take_form(request, NoFields, command, done=f"/booking/queue/{entry_id}", again=again)


@router.get(_ENTRY + "/leave")
async def show_leaving(request: Request, entry_id: UUID, session: ReadSession) -> Response:
    """Say what leaving the queue does before it is done."""
    return await _confirm_page(request, session, entry_id, Form(), declines=False)


@router.post(_ENTRY + "/leave")
async def send_leaving(request: Request, entry_id: UUID, session: ReadSession) -> Response:
    """Wait no longer."""

    async def command(context: CommandContext, _body: NoFields) -> None:
        await waiting.leave(context.session, context.clock, entry_id, by=context.actor.person_id)

    again = partial(_confirm_page, request, session, entry_id, declines=False)
    return await take_form(request, NoFields, command, done=f"/booking/queue/{entry_id}", again=again)


async def _confirm_page(
    request: Request, session: AsyncSession, entry_id: UUID, form: Form[Any], *, declines: bool
) -> Response:
    entry = await get_entry(session, entry_id)
    view = await entry_view(session, entry)
    return render(
        request,
        "waiting/leave.html",
        form=form,
        entry=view,
        standing=await standing_of(request, session, entry.employer_id),
        declines=declines,
        does=_leaving_does(view),
    )


def _leaving_does(view: WaitingEntryView) -> list[Text]:
    offered = 0 if view.offer is None else view.offer.seats
    told = [Text(N_("The {offered} seats that are held for you go to those who wait on."), {"offered": offered})]
    if not offered:
        told = [Text(N_("Place {place} goes to the group behind you."), {"place": view.place or 0})]
    return [*told, Text(N_("It cannot be taken back: whoever joins again stands last in the queue."))]


@router.get("/queue/leave/{code}")
async def show_leaving_by_link(request: Request, code: str, session: ReadSession, clock: CurrentClock) -> Response:
    """Ask whoever follows the link of a message whether the group shall leave; she need not be signed in."""
    return await _link_page(request, session, code, Form(), clock=clock)


@router.post("/queue/leave/{code}")
async def send_leaving_by_link(request: Request, code: str, session: ReadSession, clock: CurrentClock) -> Response:
    """Take the group out of the queue."""

    async def command(context: CommandContext, _body: NoFields) -> None:
        await commands.leave_by_code(context.session, context.clock, links_of(request), code)

    again = partial(_link_page, request, session, code, clock=clock)
    return await take_form(request, NoFields, command, done=f"/booking/queue/leave/{code}", again=again)


async def _link_page(
    request: Request, session: AsyncSession, code: str, form: Form[NoFields], *, clock: CurrentClock
) -> Response:
    entry, _ = await commands.find_by_code(session, links_of(request), code)
    run = await get_run(session, entry.run_id)
    return render(
        request,
        "waiting/leave_by_link.html",
        form=form,
        entry=entry,
        run=await run_view(session, run),
        is_expired=run.state != RunState.POSTPONED and clock.now() >= run.starts_at,
    )
