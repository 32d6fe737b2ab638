"""A project's participants as its lead lists them: searched, filtered and sorted. Nobody protected has a name here."""

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import ColumnElement, case, literal
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.people.queries import ParticipantView, participant_view
from services.booking.people.tables import Participation, Person
from shared.db import SWEDISH
from shared.web.pages.exports import ListFilter
from shared.web.paging import Page, Rows, page_of


class ParticipantFilter(ListFilter):
    """Which participants to list."""

    sort: Literal["name", "-name", "since", "-since"] | None = None
    standing: Literal["taking_part", "ended", "protected", "not_reportable"] | None = None


async def list_led_participants(
    session: AsyncSession, project_id: UUID, query: ParticipantFilter
) -> Page[ParticipantView]:
    """Return the project's participants, by name or by the day they entered. Nobody protected is found by a name."""
    statement = (
        select(Participation, Person)
        .join(Person, col(Person.id) == col(Participation.person_id))
        .where(col(Participation.project_id) == project_id, col(Person.erased_at).is_(None))
    )
    for word in (query.q or "").split():
        names = col(Person.given_name).collate("und-x-icu") + " " + col(Person.family_name)
        statement = statement.where(col(Person.protected).is_(False), names.icontains(word, autoescape=True))
    match query.standing:
        case "taking_part":
            statement = statement.where(col(Participation.ends_on).is_(None))
        case "ended":
            statement = statement.where(col(Participation.ends_on).is_not(None))
        case "protected":
            statement = statement.where(col(Person.protected).is_(True))
        case "not_reportable":
            statement = statement.where(col(Participation.reportable).is_(False))
        case None:
            pass
    by_day = (query.sort or "").removeprefix("-") == "since"

    def keys(row: Any) -> tuple[object, ...]:  # noqa: ANN401 - the two of the statement
        participation, person = row
        if by_day:
            return participation.starts_on, participation.id
        names = ("", "") if person.protected else (person.family_name, person.given_name)
        return *names, participation.id

    by_name = [_unless_protected(col(Person.family_name)), _unless_protected(col(Person.given_name))]
    columns: list[Any] = [col(Participation.starts_on)] if by_day else list(by_name)
    page: Rows[Any] = await page_of(
        session,
        statement,
        [*columns, col(Participation.id)],
        query,
        keys=keys,
        descending=(query.sort or "").startswith("-"),
    )
    return Page(items=[participant_view(row, person) for row, person in page.rows], next=page.next)


def _unless_protected(column: Any) -> ColumnElement[str]:  # noqa: ANN401 - a text column
    """Sort a protected person before all others, so that her place in the list tells nothing of her name."""
    return case((col(Person.protected), literal("")), else_=column).collate(SWEDISH)
