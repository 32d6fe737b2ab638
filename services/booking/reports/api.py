"""The figures of a project, and its results divided, with the rows behind each."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field

from services.booking.projects.queries import get_project_row
from services.booking.reports import queries, results
from services.booking.reports.facts import By, Measure
from services.booking.reports.queries import FiguresView
from services.booking.reports.results import RowsFilter
from shared.web.bodies import View
from shared.web.edge import CurrentActor, CurrentClock, ReadSession
from shared.web.paging import Page, PageFilter

router = APIRouter(tags=["figures"])


class ResultsQuery(BaseModel):
    """By what the results are divided."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    by: By = By.MONTH


class ResultRowsQuery(PageFilter):
    """Which figure's rows."""

    by: By = By.MONTH
    measure: Measure
    group: str | None = Field(default=None, max_length=20, description="A group's key; none: every group")


class GroupView(View):
    """A group by its key; of a group of few persons nothing is told to whoever may not open the rows."""

    key: str
    amounts: dict[Measure, int]
    hidden: bool


class ResultsView(View):
    """What was reached: altogether and by group; hours in minutes. `ages`: where bands begin."""

    project_id: UUID
    as_of: datetime
    by: By
    whole_project: bool
    totals: dict[Measure, int]
    groups: list[GroupView]
    ages: list[int]
    seats_offered: int | None


class ResultRowView(View):
    """A row behind a figure, and what it adds."""

    day: date
    amount: int
    employer_id: UUID
    person_id: UUID | None
    run_id: UUID | None
    municipality: str | None


@router.get("/projects/{project_id}/figures")
async def get_figures(project_id: UUID, session: ReadSession, clock: CurrentClock) -> FiguresView:
    """Show persons, hours, employers, seats and money against the project's targets."""
    return await queries.get_figures(session, clock, project_id)


@router.get("/projects/{project_id}/results")
async def get_results(
    project_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    actor: CurrentActor,
    query: Annotated[ResultsQuery, Query()],
) -> ResultsView:
    """Show what a project has reached by month, municipality, sector, gender or age."""
    reach = await results.find_reach(session, actor, project_id)
    project = await get_project_row(session, project_id)
    now = clock.now()
    asked = await results.ask(session, project, reach, query.by, now)
    found = await results.get_results(session, asked, reach)
    return ResultsView(
        project_id=project.id,
        as_of=now,
        by=query.by,
        whole_project=reach.is_whole,
        totals=dict(found.totals),
        groups=[GroupView(key=each.key, amounts=dict(each.amounts), hidden=each.is_hidden) for each in found.groups],
        ages=list(found.ages),
        seats_offered=found.capacity,
    )


@router.get("/projects/{project_id}/results/rows")
async def list_result_rows(
    project_id: UUID,
    session: ReadSession,
    clock: CurrentClock,
    actor: CurrentActor,
    query: Annotated[ResultRowsQuery, Query()],
) -> Page[ResultRowView]:
    """List the rows that a figure is the sum of."""
    reach = results.rows_opened(await results.find_reach(session, actor, project_id))
    project = await get_project_row(session, project_id)
    asked = await results.ask(session, project, reach, query.by, clock.now())
    page = await results.list_rows(
        session, asked, RowsFilter.model_validate(query.model_dump() | {"project": project_id})
    )
    names = ResultRowView.model_fields
    rows = [ResultRowView(**{name: getattr(row, name) for name in names}) for row in page.rows]
    return Page(items=rows, next=page.next)
