"""Changing and calling off a run, and who has answered, for whoever leads the project."""

from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.bookings.meeting_form import MeetingRow, begun_with, plans_of, rows_shown, wants_more_rows
from services.booking.bookings.told import Concerned, concerned_by
from services.booking.bookings.views import CancelRun
from services.booking.changes import commands
from services.booking.changes.queries import AnswerSearch, count_answers, list_answers
from services.booking.changes.rules import ConfirmationState
from services.booking.changes.views import AnswerView
from services.booking.changes.words import STATE_KINDS, STATE_NAMES
from services.booking.courses import queries as courses
from services.booking.courses.rules import Mode, RunState
from services.booking.courses.words import MODE_NAMES
from services.booking.projects.leading import led_project
from services.booking.projects.queries import get_project_row
from services.booking.projects.words import UNANSWERED
from services.booking.seats.views import run_view
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Reason, Version
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.forms import Form, read_form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()
_RUN: Final = "/projects/{project_id}/runs/{run_id}"
_COLUMNS: Final = (
    Column(N_("Employer"), lambda row: row.employer_name),
    Column(N_("Booking"), lambda row: row.reference),
    Column(N_("Answer"), lambda row: Text(STATE_NAMES[row.state])),
    Column(N_("Seats"), lambda row: row.seats),
    Column(N_("Seats after"), lambda row: row.seats_after),
    Column(N_("Asked"), lambda row: row.asked_at),
    Column(N_("Answer before"), lambda row: row.due_at),
    Column(N_("Answered"), lambda row: row.answered_at),
)


class ChangeForm(Body):
    """A run's meetings as they shall be, and why."""

    meetings: list[MeetingRow] = Field(default_factory=list)
    reason: Reason
    version: Version
    more: bool = False


@router.get(_RUN + "/change")
async def show_run_change(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Show the form by which a run gets other meetings."""
    return await _change_page(request, session, project_id, run_id, Form())


@router.post(_RUN + "/change")
async def send_run_change(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Give the run other times, places or links; everyone booked is told why, and asked where the project asks."""
    form = await read_form(request, ChangeForm)
    if wants_more_rows(form):
        return await _change_page(request, session, project_id, run_id, form)

    async def command(context: CommandContext, body: ChangeForm) -> None:
        await commands.change_run(
            context.session,
            context.clock,
            run_id,
            meetings=plans_of(body.meetings),
            reason=body.reason,
            version=body.version,
            by=context.actor.person_id,
        )

    again = partial(_change_page, request, session, project_id, run_id)
    return await take_form(request, form, command, done=_address(project_id, run_id), again=again)


@router.get(_RUN + "/postpone")
async def show_run_postponement(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Say what postponing the run without a date does and who is told, before it is done."""
    return await _postpone_page(request, session, project_id, run_id, Form())


@router.post(_RUN + "/postpone")
async def send_run_postponement(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Postpone the run without a date; everyone booked and those who wait are told why."""

    async def command(context: CommandContext, body: CancelRun) -> None:
        await commands.postpone_run(
            context.session, context.clock, run_id, reason=body.reason, by=context.actor.person_id
        )

    again = partial(_postpone_page, request, session, project_id, run_id)
    return await take_form(request, CancelRun, command, done=_address(project_id, run_id), again=again)


@router.get(_RUN + "/cancel")
async def show_run_cancellation(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Say what calling the run off does and who is told, before it is done."""
    return await _cancel_page(request, session, project_id, run_id, Form())


@router.post(_RUN + "/cancel")
async def send_run_cancellation(request: Request, project_id: UUID, run_id: UUID, session: ReadSession) -> Response:
    """Call the run off, with every booking of it; everyone booked is told why."""

    async def command(context: CommandContext, body: CancelRun) -> None:
        await commands.cancel_run(
            context.session, context.clock, run_id, reason=body.reason, by=context.actor.person_id
        )

    again = partial(_cancel_page, request, session, project_id, run_id)
    return await take_form(request, CancelRun, command, done=_address(project_id, run_id), again=again)


@router.get(_RUN + "/answers")
async def show_run_answers(
    request: Request, project_id: UUID, run_id: UUID, session: ReadSession, query: Annotated[AnswerSearch, Query()]
) -> Response:
    """Show who has said whether they still come after a change of the run, and who has not."""

    async def read(page: AnswerSearch) -> Rows[AnswerView]:
        found = await list_answers(session, run_id, page)
        return Rows([AnswerView.of_asked(row) for row in found.rows], found.next)

    async def show(listing: Listing[AnswerView]) -> Response:
        counts = await count_answers(session, run_id)
        project = await get_project_row(session, project_id)
        return render(
            request,
            "changes/run_answers.html",
            project=await led_project(request, session, project_id),
            run=await run_view(session, await courses.get_run(session, run_id)),
            answers=listing,
            counts=[(STATE_NAMES[state], counts.get(state, 0)) for state in ConfirmationState if state in counts],
            days=project.confirmation_days,
            rule=UNANSWERED[project.unanswered],
            state_names=STATE_NAMES,
            state_kinds=STATE_KINDS,
        )

    return await show_or_export(request, query, name="answers", columns=_COLUMNS, read=read, show=show)


async def _change_page(
    request: Request, session: AsyncSession, project_id: UUID, run_id: UUID, form: Form[ChangeForm]
) -> Response:
    run = await run_view(session, await courses.get_run(session, run_id), with_link=True)
    project = await get_project_row(session, project_id)
    return render(
        request,
        "bookings/change_run.html",
        project=await led_project(request, session, project_id),
        run=run,
        form=form,
        rows=rows_shown(form, len(run.meetings)),
        begun=begun_with(run.meetings),
        modes=[(mode.value, MODE_NAMES[mode]) for mode in Mode],
        concerned=await concerned_by(session, run_id),
        days=project.confirmation_days,
        rule=UNANSWERED[project.unanswered],
    )


async def _postpone_page(
    request: Request, session: AsyncSession, project_id: UUID, run_id: UUID, form: Form[CancelRun]
) -> Response:
    concerned = await concerned_by(session, run_id)
    told = Text(
        N_("Told at once, with your reason: {contacts} contacts of employers and {participants} participants."),
        {"contacts": concerned.contacts, "participants": concerned.participants},
    )
    waiting = Text(
        N_("Told too: {contacts} contacts of groups that wait for seats ({groups}). Their places in the queue stay."),
        {"contacts": concerned.waiting_contacts, "groups": concerned.waiting},
    )
    return render(
        request,
        "changes/postpone_run.html",
        project=await led_project(request, session, project_id),
        run=await run_view(session, await courses.get_run(session, run_id)),
        form=form,
        does=[
            Text(N_("The meetings are taken away, also from the calendars of those who have them.")),
            Text(
                N_("Bookings stay ({bookings}, with {seats} seats), and so do kept seats and places in the queue."),
                {"bookings": concerned.bookings, "seats": concerned.seats},
            ),
            *([told] if concerned.bookings else []),
            *([waiting] if concerned.waiting else []),
            Text(N_("The run leaves the catalogue, and nothing new is booked until you give it dates.")),
            Text(N_("Giving it dates again is a change of the run: those who have booked are told of them.")),
        ],
    )


async def _cancel_page(
    request: Request, session: AsyncSession, project_id: UUID, run_id: UUID, form: Form[CancelRun]
) -> Response:
    run = await run_view(session, await courses.get_run(session, run_id))
    return render(
        request,
        "bookings/cancel_run.html",
        project=await led_project(request, session, project_id),
        run=run,
        form=form,
        does=_what_cancelling_does(await concerned_by(session, run_id)),
        can_be_cancelled=run.state is not RunState.CANCELLED,
    )


def _what_cancelling_does(concerned: Concerned) -> list[Text]:
    ending = Text(
        N_("Groups that wait for seats: {groups}. Their places end, and {contacts} contacts of theirs are told."),
        {"groups": concerned.waiting, "contacts": concerned.waiting_contacts},
    )
    queue = [ending] if concerned.waiting else []
    if not concerned.bookings:
        nobody = Text(N_("Nobody has booked seats on the run, so nobody is written to."))
        return [*(queue or [nobody]), Text(N_("It can no longer be booked. This cannot be taken back."))]
    return [
        Text(
            N_("Bookings that are cancelled with it: {bookings}, with {seats} seats."),
            {"bookings": concerned.bookings, "seats": concerned.seats},
        ),
        Text(
            N_("Told at once, with your reason: {contacts} contacts of employers and {participants} participants."),
            {"contacts": concerned.contacts, "participants": concerned.participants},
        ),
        *queue,
        Text(N_("Nobody who was booked is held to have cancelled late.")),
        Text(N_("It can no longer be booked. This cannot be taken back.")),
    ]


def _address(project_id: UUID, run_id: UUID) -> str:
    return f"/booking/projects/{project_id}/runs/{run_id}"
