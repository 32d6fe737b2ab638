"""The pages of an officer's desk: where she begins, her cases by their next deadline, and one case from end to end."""

from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import ColumnElement
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.procurement.access import OFFICE, reached, translator_of
from services.procurement.advice.views import advice_view
from services.procurement.cases.queries import get_case
from services.procurement.cases.rules import CaseState
from services.procurement.cases.tables import Case, TrainingRequest
from services.procurement.desk import queries
from services.procurement.desk.case_file import case_file
from services.procurement.desk.next_steps import Reader, next_steps, progress_of
from services.procurement.desk.queries import DeskFilter
from services.procurement.office import office_page
from services.procurement.wording import CASE_STATES, PHASES
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.grants import Actor
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.edge import CurrentActor, CurrentClock, ReadSession
from shared.web.exchange import exchange_of, parts_of
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.lists import Listing
from shared.web.pages.live import Since, follow, mark_as_sent
from shared.web.pages.rendering import render

router = APIRouter()

_ON_THE_DESK: Final = 8
_COLUMNS: Final = (
    Column(N_("Registration number"), lambda row: row.registration_number),
    Column(N_("Case"), lambda row: row.title),
    Column(N_("State"), lambda row: Text(CASE_STATES[row.state])),
    Column(N_("Next deadline"), lambda row: row.next_deadline),
    Column(N_("Stands at"), lambda row: Text("{phases}", {"phases": [Text(PHASES[phase]) for phase in row.phases]})),
    Column(N_("Requests"), lambda row: row.requests),
    Column(N_("Persons"), lambda row: row.persons),
    Column(N_("Opened"), lambda row: row.opened_at),
)


@router.get("/")
async def show_start(request: Request, session: ReadSession) -> Response:
    """Show an officer what waits and which deadlines come next; anybody else how training is bought."""
    actor = exchange_of(request).actor
    if actor is None or not actor.holds(*OFFICE):
        return render(request, "desk/start.html")
    now = parts_of(request).clock.now()
    # read first: what changes after it is told by the stream
    mark = await _mark(actor, parts_of(request).clock, session)
    waiting, persons = await queries.count_waiting_requests(session, _requests(actor))
    page = await queries.list_desk(session, DeskFilter(limit=_ON_THE_DESK), _cases(actor), now=now)
    return office_page(
        request,
        "desk/desk.html",
        waiting=waiting,
        persons=persons,
        cases=page.items,
        more=page.next,
        now=now,
        mark=mark_as_sent(mark),
    )


@router.get("/changes")
async def follow_desk(request: Request, actor: CurrentActor, clock: CurrentClock, since: Since = "") -> Response:
    """Tell an officer's desk when something comes in or moves on."""
    return follow(request, f"desk/{actor.person_id}", partial(_mark, actor, clock), since=since)


def _requests(actor: Actor) -> ColumnElement[bool]:
    return reached(actor, col(TrainingRequest.buyer_id), col(TrainingRequest.project_id))


def _cases(actor: Actor) -> ColumnElement[bool]:
    return reached(actor, col(Case.buyer_id), col(Case.project_id))


async def _mark(actor: Actor, clock: Clock, session: AsyncSession) -> str:
    return await queries.mark_of_desk(session, requests=_requests(actor), cases=_cases(actor), now=clock.now())


@router.get("/cases")
async def show_cases(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    clock: CurrentClock,
    query: Annotated[DeskFilter, Query()],
) -> Response:
    """Show the cases, those with the next deadline first."""
    reach, now = _cases(actor), clock.now()

    async def show(cases: Listing[Any]) -> Response:
        return office_page(request, "desk/cases.html", cases=cases, query=query, now=now)

    read = partial(queries.list_desk, session, reach=reach, now=now)
    return await show_or_export(request, query, name="cases", columns=_COLUMNS, sort="deadline", read=read, show=show)


@router.get("/cases/{case_id}")
async def show_case(
    request: Request, case_id: UUID, session: ReadSession, actor: CurrentActor, clock: CurrentClock
) -> Response:
    """Show all of a case: the next step, what stands where, requests, advice, purchases, contracts, history."""
    now = clock.now()
    file = await case_file(session, await get_case(session, case_id), now=now)
    declaration = file.declaration_of(actor.person_id)
    reader = Reader(
        roles=frozenset(grant.role for grant in actor.grants_of(*OFFICE)),
        declared=declaration is not None,
        conflict=declaration is not None and declaration.conflict,
    )
    standings = [lot.standing(actor.person_id) for lot in file.lots]
    is_open = file.row.state is CaseState.OPEN
    translate = translator_of(request)
    return office_page(
        request,
        "desk/case.html",
        file=file,
        case=file.row,
        steps=next_steps(case_id, is_open=is_open, lots=standings, reader=reader, today=legal_day(now)),
        progress={each.lot_id: progress_of(each) for each in standings},
        advice={lot.row.id: advice_view(lot.choice.advice, translate) for lot in file.lots if lot.choice},
        works=is_open and Role.PROCUREMENT_OFFICER in reader.roles and reader.declared and not reader.conflict,
        is_officer=reader.declared and not reader.conflict,
        reader=reader,
        now=now,
        today=legal_day(now),
    )
