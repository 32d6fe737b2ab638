"""The first page of everybody, the employers that somebody reaches, and the page of one employer."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.booking.attendance.no_shows import no_shows_of_parts
from services.booking.bookings.approvals import count_to_approve
from services.booking.employers import queries as employers
from services.booking.employers import wording
from services.booking.employers.history import Entry, history_entries
from services.booking.employers.standing import Standing, standing_of
from services.booking.overview import queries, waiting
from services.booking.overview.hours import plan_shares
from services.booking.overview.queries import EmployerRow, EmployersFilter
from services.booking.overview.steps import steps_for
from services.booking.people.queries import HeldRoleView, list_employer_roles
from services.booking.projects.queries import list_projects
from services.booking.requests.words import STATE_KINDS, STATE_NAMES
from shared.kernel.calendar import legal_day
from shared.kernel.grants import Actor
from shared.kernel.municipalities import municipality_name
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.edge import CurrentActor, CurrentClock, ReadSession
from shared.web.exchange import exchange_of
from shared.web.page_query import PageQuery
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import PageFilter, Rows

router = APIRouter()
_SHOWN: Final = 5
_MOST_SHOWN: Final = 10
_ALL: Final = PageFilter(limit=200)
_COLUMNS: Final = (
    Column(N_("Employer"), lambda row: row.name),
    Column(N_("Organisation number"), lambda row: row.organisation_number),
    Column(N_("Kind"), lambda row: Text(wording.KINDS[row.kind])),
    Column(N_("Municipalities"), lambda row: row.places),
    Column(N_("Projects"), lambda row: ", ".join(part.name for part in row.parts)),
    Column(N_("Seats without a name"), lambda row: row.names_missing),
    Column(N_("Needs without a way"), lambda row: row.unmet_needs),
)


@router.get("/")
async def show_start(request: Request, session: ReadSession, clock: CurrentClock, query: PageQuery) -> Response:
    """Show what Kurslots is for; to whoever is signed in, what is before her."""
    exchange = exchange_of(request)
    if exchange.subject is None:
        page = await list_projects(session, query)
        projects = Listing.of(request, Rows(page.items, page.next), shown=page.items, name="projects")
        return render(request, "projects/start.html", projects=projects, today=legal_day(clock.now()))
    if exchange.actor is None:
        return render(request, "overview/newcomer.html")
    return await _own_start(request, session, clock, exchange.actor)


async def _own_start(request: Request, session: ReadSession, clock: CurrentClock, actor: Actor) -> Response:
    now = clock.now()
    own = [grant.employer_id for grant in actor.grants_of(Role.CONTACT) if grant.employer_id is not None]
    mine = await queries.employers_by_id(session, own[:_MOST_SHOWN])
    parts_by_employer = await queries.parts_of_employers(session, actor, list(mine))
    joined = [
        (employer_id, part.project_id)
        for employer_id in mine
        for part in parts_by_employer[employer_id]
        if part.membership == "joined"
    ]
    parts = await _of_now(session, joined, now)
    waits = await waiting.waits_of(session, parts, now)
    coached = actor.grants_of(Role.COACH)
    led = [grant.project_id for grant in actor.grants_of(Role.PROJECT_LEAD) if grant.project_id is not None]
    return render(
        request,
        "overview/start.html",
        employers=[
            (
                employer_id,
                name,
                [step for part in parts if part[0] == employer_id for step in steps_for(*part, waits[part])],
            )
            for employer_id, name in mine.items()
        ],
        projects={part.project_id: part.name for own_parts in parts_by_employer.values() for part in own_parts}
        if len(parts) > len(mine)
        else {},
        more_employers=len(own) > _MOST_SHOWN,
        meetings=await waiting.meetings_before(session, parts, now, _SHOWN),
        requests=await waiting.requests_of(session, parts, _SHOWN),
        own_meetings=await waiting.own_meetings(session, actor.person_id, now, _SHOWN),
        in_care=await waiting.employers_in_care(session, coached, now, _MOST_SHOWN) if coached else None,
        to_approve=await count_to_approve(session, actor, now) if actor.holds(Role.COACH, Role.PROJECT_LEAD) else 0,
        led=await queries.project_names(session, led),
        figures_of=await queries.projects_told_to(session, actor, _MOST_SHOWN),
        coached=await queries.project_names(session, [grant.project_id for grant in coached if grant.project_id]),
        state_names=STATE_NAMES,
        state_kinds=STATE_KINDS,
    )


async def _of_now(session: ReadSession, parts: list[tuple[UUID, UUID]], now: datetime) -> list[tuple[UUID, UUID]]:
    """Return the parts, of employer and project, without those in projects that are over."""
    over = await queries.ended_projects(session, {project_id for _, project_id in parts}, legal_day(now))
    return [part for part in parts if part[1] not in over]


@router.get("/employers")
async def show_employers(
    request: Request,
    session: ReadSession,
    actor: CurrentActor,
    clock: CurrentClock,
    query: Annotated[EmployersFilter, Query()],
) -> Response:
    """List the employers that the reader reaches, with what waits for each."""

    async def read(asked: EmployersFilter) -> Rows[EmployerRow]:
        return await queries.list_employers(session, actor, asked, clock.now())

    async def show(listing: Listing[EmployerRow]) -> Response:
        projects, municipalities = await queries.choices_of(session, actor)
        return render(
            request,
            "overview/employers.html",
            employers=listing,
            projects=projects,
            municipalities=municipalities,
            wording=wording,
        )

    return await show_or_export(request, query, name="employers", columns=_COLUMNS, sort="name", read=read, show=show)


@router.get("/employers/{employer_id}")
async def show_employer(request: Request, employer_id: UUID, session: ReadSession, clock: CurrentClock) -> Response:
    """Show an employer as a whole, with the next step on top."""
    standing = await standing_of(request, session, employer_id)
    employer = await employers.get_employer(session, employer_id)
    acted_in = [part for part in standing.parts_for("show_people") if part.is_joined]
    now = clock.now()
    waits = await waiting.waits_of(session, [(employer_id, part.project_id) for part in acted_in], now)
    of_now = await _of_now(session, list(waits), now)
    return render(
        request,
        "overview/employer.html",
        standing=standing,
        employer=employer,
        steps=[step for part in of_now for step in steps_for(*part, waits[part])],
        projects={part.project_id: part.name for part in acted_in} if len(acted_in) > 1 else {},
        people={part.project_id: waits[employer_id, part.project_id].people for part in acted_in},
        shares=await plan_shares(session, employer_id, [part.project_id for part in acted_in]),
        no_shows={part[1]: found for part, found in (await no_shows_of_parts(session, list(waits))).items()},
        holders=await _holders(session, standing),
        history=await _history(request, session, standing, PageFilter(limit=_SHOWN)),
        wording=wording,
        municipality_name=municipality_name,
    )


async def _holders(session: ReadSession, standing: Standing) -> list[HeldRoleView] | None:
    """Return who acts for the employer; None for a reader who may not know."""
    found: dict[UUID, HeldRoleView] = {}
    parts = standing.parts_for("show_contacts")
    for part in parts[:_SHOWN]:
        page = await list_employer_roles(session, part.project_id, standing.employer_id, _ALL)
        found |= {held.grant_id: held for held in page.items if held.role in (Role.CONTACT, Role.COACH)}
    return list(found.values()) if parts else None


@router.get("/employers/{employer_id}/history")
async def show_employer_history(
    request: Request, employer_id: UUID, session: ReadSession, query: PageQuery
) -> Response:
    """Show all that has happened to an employer, the latest first."""
    standing = await standing_of(request, session, employer_id)
    page = await employers.list_history(session, employer_id, query)
    entries = await _entries(request, session, standing, page.items)
    history = Listing.of(request, Rows(entries, page.next), shown=entries, name="history")
    return render(request, "overview/employer_history.html", standing=standing, history=history)


async def _history(request: Request, session: ReadSession, standing: Standing, query: PageFilter) -> list[Entry]:
    page = await employers.list_history(session, standing.employer_id, query)
    return await _entries(request, session, standing, page.items)


async def _entries(
    request: Request, session: ReadSession, standing: Standing, rows: list[employers.HistoryView]
) -> list[Entry]:
    names = {part.project_id: part.name for part in standing.parts}

    def text_of(row: employers.HistoryView) -> Text:
        return wording.change_text(row.change, None if row.project_id is None else names.get(row.project_id))

    return await history_entries(request, session, standing, rows, text_of)
