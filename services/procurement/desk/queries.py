"""The officer's list of cases, those with the next deadline first; and how much waits in her inbox."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, and_, case, cast, func, literal
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.awards.tables import Award
from services.procurement.cases.rules import CaseState, RequestState
from services.procurement.cases.tables import Case, TrainingRequest
from services.procurement.procedures.rules import Phase, ProcedureState, phase_of
from services.procurement.procedures.tables import Procedure
from shared.db import UtcDateTime
from shared.web.bodies import View
from shared.web.pages.exports import ListFilter
from shared.web.paging import Page, Rows, page_of

FAR: Final = datetime(9999, 1, 1, tzinfo=UTC)
"""Stands for no deadline, so that cases without one come last."""


class DeskFilter(ListFilter):
    """Which cases are listed: open ones unless another state is asked for."""

    state: CaseState = CaseState.OPEN
    phase: Phase | None = None


class DeskRow(View):
    """A case in the list."""

    case_id: UUID
    registration_number: str
    title: str
    state: CaseState
    opened_at: datetime
    next_deadline: datetime | None
    phases: list[Phase]
    requests: int
    persons: int


def _deadlines() -> Any:  # noqa: ANN401 - a subquery
    """The next moment of each case at which something falls due: the end of bidding, or of a standstill."""
    standing = and_(col(Award.procedure_id) == col(Procedure.id), col(Award.revoked_at).is_(None))
    # the standstill runs to the end of its last day in Sweden
    after = cast(col(Award.standstill_until) + 1, DateTime(timezone=False))
    ends = func.timezone("Europe/Stockholm", after, type_=UtcDateTime())
    due = case(
        (col(Procedure.state) == ProcedureState.INVITED, col(Procedure.deadline)),
        (col(Procedure.state) == ProcedureState.AWARDED, ends),
    )
    return (
        select(col(Procedure.case_id).label("case_id"), func.min(due).label("due"))
        .join(Award, standing, isouter=True)
        .group_by(col(Procedure.case_id))
        .subquery()
    )


async def list_desk(
    session: AsyncSession, query: DeskFilter, reach: ColumnElement[bool], *, now: datetime
) -> Page[DeskRow]:
    """Return the cases that `reach` lets through, those with the next deadline first unless sorted otherwise."""
    deadlines = _deadlines()
    due = func.coalesce(deadlines.c.due, literal(FAR, UtcDateTime()), type_=UtcDateTime())
    statement = (
        select(Case, due.label("due"))
        .join(deadlines, deadlines.c.case_id == col(Case.id), isouter=True)
        .where(reach, col(Case.state) == query.state)
    )
    if query.q:
        statement = statement.where(
            or_(
                col(Case.title).icontains(query.q, autoescape=True),
                col(Case.registration_number).icontains(query.q, autoescape=True),
            )
        )
    if query.phase is not None:
        statement = statement.where(col(Case.id).in_(_in_phase(query.phase, now)))
    sorts: dict[str, tuple[Any, Any]] = {
        "deadline": (due, lambda row: row.due),
        "number": (col(Case.registration_number), lambda row: row.Case.registration_number),
        "title": (col(Case.title), lambda row: row.Case.title),
        "opened": (col(Case.opened_at), lambda row: row.Case.opened_at),
    }
    column, key = sorts.get((query.sort or "deadline").removeprefix("-"), sorts["deadline"])
    page: Rows[Any] = await page_of(
        session,
        statement,
        [column, col(Case.id)],
        query,
        keys=lambda row: (key(row), row.Case.id),
        descending=(query.sort or "").startswith("-"),
    )
    rows = [(row.Case, row.due) for row in page.rows]
    return Page(items=await _desk_rows(session, rows, now), next=page.next)


def _in_phase(phase: Phase, now: datetime) -> Any:  # noqa: ANN401 - a subquery
    state = {
        Phase.DRAFT: ProcedureState.DRAFT,
        Phase.OPEN_FOR_BIDS: ProcedureState.INVITED,
        Phase.CLOSED_FOR_BIDS: ProcedureState.INVITED,
        Phase.EVALUATION: ProcedureState.OPENED,
        Phase.AWARDED: ProcedureState.AWARDED,
        Phase.CONTRACTED: ProcedureState.CONTRACTED,
        Phase.CANCELLED: ProcedureState.CANCELLED,
    }[phase]
    found = select(Procedure.case_id).where(col(Procedure.state) == state)
    if phase is Phase.OPEN_FOR_BIDS:
        return found.where(col(Procedure.deadline) > now)
    return found.where(col(Procedure.deadline) <= now) if phase is Phase.CLOSED_FOR_BIDS else found


async def _desk_rows(session: AsyncSession, rows: Sequence[tuple[Case, datetime]], now: datetime) -> list[DeskRow]:
    ids = [each.id for each, _ in rows]
    procedures = await session.exec(
        select(Procedure.case_id, Procedure.state, Procedure.deadline).where(
            col(Procedure.case_id).in_(ids), col(Procedure.state) != ProcedureState.CANCELLED
        )
    )
    phases: dict[UUID, set[Phase]] = {}
    for case_id, state, deadline in procedures:
        phases.setdefault(case_id, set()).add(phase_of(ProcedureState(state), deadline=deadline, now=now))
    asked = await session.exec(
        select(TrainingRequest.case_id, func.count(), func.coalesce(func.sum(TrainingRequest.persons), 0))
        .where(col(TrainingRequest.case_id).in_(ids), col(TrainingRequest.state) != RequestState.WITHDRAWN)
        .group_by(col(TrainingRequest.case_id))
    )
    counts = {case_id: (number, int(persons)) for case_id, number, persons in asked}
    order = list(Phase)
    return [
        DeskRow(
            case_id=each.id,
            registration_number=each.registration_number,
            title=each.title,
            state=each.state,
            opened_at=each.opened_at,
            next_deadline=None if due >= FAR else due,
            phases=sorted(phases.get(each.id, ()), key=order.index),
            requests=counts.get(each.id, (0, 0))[0],
            persons=counts.get(each.id, (0, 0))[1],
        )
        for each, due in rows
    ]


async def count_waiting_requests(session: AsyncSession, reach: ColumnElement[bool]) -> tuple[int, int]:
    """Return how many requests wait, and for how many persons together."""
    found = await session.exec(
        select(func.count(), func.coalesce(func.sum(TrainingRequest.persons), 0)).where(
            reach, col(TrainingRequest.state) == RequestState.WAITING
        )
    )
    number, persons = found.one()
    return number, int(persons)


async def mark_of_desk(
    session: AsyncSession, *, requests: ColumnElement[bool], cases: ColumnElement[bool], now: datetime
) -> str:
    """Return a text that is another one when the inbox, the cases or a deadline's passing changes what a desk shows."""
    of_requests = select(func.concat(func.count(), "/", func.coalesce(func.sum(TrainingRequest.version), 0))).where(
        requests, col(TrainingRequest.state) == RequestState.WAITING
    )
    of_cases = select(func.concat(func.count(), "/", func.coalesce(func.sum(Case.version), 0))).where(cases)
    of_procedures = (
        select(
            func.concat(
                func.coalesce(func.sum(Procedure.version), 0),
                "/",
                func.count().filter(col(Procedure.deadline) <= now),
            )
        )
        .join(Case, col(Case.id) == col(Procedure.case_id))
        .where(cases)
    )
    found = await session.exec(
        select(of_requests.scalar_subquery(), of_cases.scalar_subquery(), of_procedures.scalar_subquery())
    )
    return " ".join(map(str, found.one()))
