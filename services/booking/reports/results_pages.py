"""A project's results as a page, divided as the reader chooses, and a page of the rows behind each figure."""

from dataclasses import replace
from functools import partial
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.booking.projects.leading import led
from services.booking.projects.queries import get_project_row
from services.booking.projects.words import ROUNDINGS
from services.booking.reports import drawing, results
from services.booking.reports.facts import IN_MINUTES, OF_NOBODY, OF_PERSONS, By, Measure
from services.booking.reports.groups import FEWEST
from services.booking.reports.results import Group, ResultRow, Results, ResultsFilter, RowsFilter
from services.booking.reports.words import DIVISIONS, MEANINGS, MEASURES, group_name
from shared.kernel.calendar import legal_day
from shared.kernel.municipalities import municipality_name
from shared.kernel.texts import N_, Text
from shared.web.edge import CurrentActor, CurrentClock, CurrentLanguage, ReadSession
from shared.web.languages import Language
from shared.web.pages import charts
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()
_ROWS_ADDRESS: Final = "/booking/results/rows"
_NOT_SHOWN: Final = Text(N_("not shown"))
_IN_MINUTES: Final = {
    Measure.BOOKED: N_("Minutes booked"),
    Measure.ATTENDED: N_("Minutes attended"),
    Measure.OUTSIDE: N_("Minutes outside"),
}
_DRAWN: Final = (Measure.PERSONS, Measure.ATTENDED, Measure.SEATS, Measure.NO_SHOWS)


@router.get("/results")
async def show_results(
    request: Request,
    session: ReadSession,
    clock: CurrentClock,
    actor: CurrentActor,
    language: CurrentLanguage,
    query: Annotated[ResultsFilter, Query()],
) -> Response:
    """Show what a project has reached against its targets, and divided; each figure leads to its rows."""
    reach = await results.find_reach(session, actor, query.project)
    project = await get_project_row(session, query.project)
    now = clock.now()
    asked = await results.ask(session, project, reach, query.by, now)
    found = await results.get_results(session, asked, reach)
    measures = [each for each in Measure if not (query.by in OF_PERSONS and each in OF_NOBODY)]

    async def read(_page: ResultsFilter) -> Rows[Group]:
        return Rows(found.groups, None)

    async def show(listing: Listing[Group]) -> Response:
        return render(
            request,
            "reports/results.html",
            project=led(request, project),
            whole=reach.is_whole,
            opens_rows=reach.opens_rows,
            listing=listing,
            results=found,
            by=query.by,
            measures=measures,
            drawn=[(each, _bars(found, each, language)) for each in _DRAWN],
            targets=_targets(project.target_persons, project.target_minutes, project.target_employers),
            elapsed=drawing.elapsed_share(project.starts_on, project.ends_on, legal_day(now)),
            as_of=now,
            rounding=ROUNDINGS[project.hour_rounding],
            fewest=FEWEST,
            name_of=partial(_name_of, found, language=language),
            address_of=partial(rows_address, query),
            shown=partial(_shown, language=language),
            divisions=DIVISIONS,
            named=MEASURES,
            meanings=MEANINGS,
            charts=charts,
            drawing=drawing,
        )

    columns = _columns(found, query.by, measures, language)
    return await show_or_export(request, query, name="results", columns=columns, read=read, show=show)


@router.get("/results/rows")
async def show_result_rows(
    request: Request,
    session: ReadSession,
    clock: CurrentClock,
    actor: CurrentActor,
    language: CurrentLanguage,
    query: Annotated[RowsFilter, Query()],
) -> Response:
    """Show the rows that a figure of the results is the sum of."""
    reach = results.rows_opened(await results.find_reach(session, actor, query.project))
    project = await get_project_row(session, query.project)
    asked = await results.ask(session, project, reach, query.by, clock.now())

    async def show(listing: Listing[ResultRow]) -> Response:
        behind = await results.sum_behind(session, asked, query)
        group = None if query.group is None else group_name(query.by, query.group, asked.ages, language)
        return render(
            request,
            "reports/result_rows.html",
            project=led(request, project),
            listing=replace(listing, travelling=("project", "by", "measure", "group")),
            behind=behind,
            figure=_shown(query.measure, behind.amount, language),
            query=query,
            group=group,
            title=MEASURES[query.measure],
            meaning=MEANINGS[query.measure],
            division=DIVISIONS[query.by],
            in_minutes=query.measure in IN_MINUTES,
            of_persons=query.measure not in OF_NOBODY,
            place_of=_place_of,
        )

    columns = _row_columns(query.measure)
    read = partial(results.list_rows, session, asked)
    return await show_or_export(request, query, name="rows", columns=columns, sort="day", read=read, show=show)


def rows_address(query: ResultsFilter, measure: Measure, group: str | None = None) -> str:
    """Return where the rows behind a figure are."""
    given = {"project": query.project, "by": query.by.value, "measure": measure.value}
    return f"{_ROWS_ADDRESS}?{urlencode(given | ({} if group is None else {'group': group}))}"


def _shown(measure: Measure, amount: int, language: Language) -> str:
    return drawing.hours(amount, language) if measure in IN_MINUTES else drawing.number(amount, language)


def _name_of(found: Results, key: str, *, language: Language) -> Text | str:
    return group_name(found.by, key, found.ages, language)


def _bars(found: Results, measure: Measure, language: Language) -> list[tuple[Text | str, int, str]]:
    """Return the bars of a chart: the group's name, the value in whole units, and how it is written."""
    divisor = 60 if measure in IN_MINUTES else 1
    return [
        (
            group_name(found.by, group.key, found.ages, language),
            group.amounts.get(measure, 0) // divisor,
            _shown(measure, group.amounts.get(measure, 0), language),
        )
        for group in found.groups
        if not group.is_hidden
    ]


def _targets(persons: int | None, minutes: int | None, employers: int | None) -> dict[Measure, int]:
    given = {Measure.PERSONS: persons, Measure.ATTENDED: minutes, Measure.BOOKED: minutes, Measure.EMPLOYERS: employers}
    return {measure: target for measure, target in given.items() if target}


def _columns(found: Results, by: By, measures: list[Measure], language: Language) -> list[Column]:
    columns = [Column(DIVISIONS[by], lambda group: group_name(by, group.key, found.ages, language))]
    for each in measures:
        columns.append(Column(MEASURES[each], partial(_cell, each, language)))
        if each in IN_MINUTES:
            columns.append(Column(_IN_MINUTES[each], partial(_amount, each)))
    return columns


def _cell(measure: Measure, language: Language, group: Group) -> object:
    amount = _amount(measure, group)
    return _shown(measure, amount, language) if measure in IN_MINUTES and isinstance(amount, int) else amount


def _amount(measure: Measure, group: Group) -> int | Text:
    return _NOT_SHOWN if group.is_hidden else group.amounts.get(measure, 0)


def _place_of(code: str | None) -> str | None:
    return None if code is None else municipality_name(code)


def _row_columns(measure: Measure) -> list[Column]:
    amount = N_("Minutes") if measure in IN_MINUTES else N_("Amount")
    columns = [Column(N_("Day"), lambda row: row.day), Column(N_("Employer"), lambda row: row.employer_name)]
    if measure not in OF_NOBODY:
        columns.append(Column(N_("Participant"), _participant))
    return [
        *columns,
        Column(N_("Course or need"), lambda row: row.subject),
        Column(N_("Number"), lambda row: row.reference),
        Column(N_("Municipality"), lambda row: _place_of(row.municipality)),
        Column(amount, lambda row: row.amount),
    ]


def _participant(row: ResultRow) -> Text | str:
    if row.person_id is None:
        return Text(N_("Not yet named"))
    return row.person_name or Text(N_("Participant"))
