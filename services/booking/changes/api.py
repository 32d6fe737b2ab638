"""Changes of runs over HTTP, and the answers of those who have booked."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.booking.bookings.queries import get_booking
from services.booking.bookings.views import CancelRun, ChangeRun
from services.booking.changes import asked as asked_of
from services.booking.changes import commands, queries
from services.booking.changes.views import AnswerChange, AnswerView, ConfirmationView, PostponeRun, Saying
from services.booking.courses.queries import get_run
from services.booking.courses.views import RunView
from services.booking.seats.views import run_view
from shared.web.edge import CommandContext, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["changes"])


@router.patch("/runs/{run_id}", response_model=RunView)
async def change_run(request: Request, run_id: UUID, body: ChangeRun) -> Response:
    """Give a run other times, places or modes; everyone booked is told why, and asked where the project asks."""

    async def command(context: CommandContext) -> RunView:
        run = await commands.change_run(
            context.session,
            context.clock,
            run_id,
            meetings=[meeting.plan() for meeting in body.meetings],
            reason=body.reason,
            version=body.version,
            by=context.actor.person_id,
        )
        return await run_view(context.session, run, with_link=True)

    return await run_command(request, command)


@router.post("/runs/{run_id}/postpone", response_model=RunView)
async def postpone_run(request: Request, run_id: UUID, body: PostponeRun) -> Response:
    """Postpone a run without a date; bookings and places in the queue stay. A change gives it dates again."""

    async def command(context: CommandContext) -> RunView:
        run = await commands.postpone_run(
            context.session,
            context.clock,
            run_id,
            reason=body.reason,
            version=body.version,
            by=context.actor.person_id,
        )
        return await run_view(context.session, run, with_link=True)

    return await run_command(request, command)


@router.post("/runs/{run_id}/cancel", response_model=RunView)
async def cancel_run(request: Request, run_id: UUID, body: CancelRun) -> Response:
    """Cancel a run and every booking of it; everyone booked is told why."""

    async def command(context: CommandContext) -> RunView:
        run = await commands.cancel_run(
            context.session, context.clock, run_id, reason=body.reason, by=context.actor.person_id
        )
        return await run_view(context.session, run, with_link=True)

    return await run_command(request, command)


@router.get("/runs/{run_id}/confirmations")
async def list_run_confirmations(run_id: UUID, query: PageQuery, session: ReadSession) -> Page[AnswerView]:
    """Whom the run's changes asked, and what each has said, the latest asked first."""
    page = await queries.list_answers(session, (await get_run(session, run_id)).id, query)
    return Page(items=[AnswerView.of_asked(row) for row in page.rows], next=page.next)


@router.get("/bookings/{booking_id}/confirmations")
async def list_booking_confirmations(
    booking_id: UUID, query: PageQuery, session: ReadSession
) -> Page[ConfirmationView]:
    """What the employer was asked about the booking after changes of its run, the latest first."""
    page = await queries.list_confirmations(session, (await get_booking(session, booking_id)).id, query)
    return Page(items=[ConfirmationView.of(row) for row in page.rows], next=page.next)


@router.post("/bookings/{booking_id}/confirmations/answer", response_model=ConfirmationView)
async def answer_change(request: Request, booking_id: UUID, body: AnswerChange) -> Response:
    """Say whether the booking still holds after a change of its run, with all its seats or some, or is given up."""

    async def command(context: CommandContext) -> ConfirmationView:
        session, clock, by = context.session, context.clock, context.actor.person_id
        asked = await asked_of.get_confirmation(session, body.confirmation_id, booking_id=booking_id)
        if body.answer is Saying.CONFIRMED:
            answered = await commands.confirm(session, clock, asked.id, released=body.released, by=by)
        else:
            answered = await commands.give_up(session, clock, asked.id, reason=body.reason or "", by=by)
        return ConfirmationView.of(answered)

    return await run_command(request, command)
