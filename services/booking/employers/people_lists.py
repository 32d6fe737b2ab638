"""An employer's people as a page lists them: searched, filtered and sorted. Of a protected person nothing is told."""

from typing import Any, Literal
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.queries import EmployeeView, check_in_project, employee_view, unless_protected
from services.booking.employers.tables import Employment, Workplace
from services.booking.people.rules import PersonDetails
from services.booking.people.tables import Participation, Person
from shared.kernel.errors import Conflict
from shared.kernel.texts import N_
from shared.web.pages.exports import ListFilter
from shared.web.paging import Page, Rows, page_of


class PeopleFilter(ListFilter):
    """Which people to show; `added` is how many were added just before."""

    sort: Literal["name", "-name", "since", "-since"] | None = None
    workplace: UUID | None = None
    number: bool | None = None
    added: int | None = Field(default=None, ge=1, le=100_000)


class ListedEmployee(EmployeeView):
    """A person in the list, with her workplace's name."""

    workplace: str


async def list_employees(
    session: AsyncSession, project_id: UUID, employer_id: UUID, query: PeopleFilter
) -> Page[ListedEmployee]:
    """Return the employer's people who take part in the project; raises NotFound. Nobody protected is found by name."""
    await check_in_project(session, project_id, employer_id)
    family, given = unless_protected(col(Person.family_name)), unless_protected(col(Person.given_name))
    statement = (
        select(Person, Employment, Participation, Workplace.name)
        .join(Employment, col(Employment.person_id) == col(Person.id))
        .join(Workplace, col(Workplace.id) == col(Employment.workplace_id))
        .join(Participation, col(Participation.person_id) == col(Person.id))
        .where(
            col(Workplace.employer_id) == employer_id,
            col(Participation.project_id) == project_id,
            col(Employment.ends_on).is_(None),
            col(Person.erased_at).is_(None),
        )
    )
    if query.q:
        for word in query.q.split():
            statement = statement.where(
                col(Person.protected).is_(False),
                (col(Person.given_name).collate("und-x-icu") + " " + col(Person.family_name)).icontains(
                    word, autoescape=True
                ),
            )
    if query.workplace is not None:
        statement = statement.where(col(Workplace.id) == query.workplace)
    if query.number is not None:
        statement = statement.where(col(Participation.reportable).is_(query.number))
    by_day = (query.sort or "").removeprefix("-") == "since"

    def keys(row: Any) -> tuple[object, ...]:  # noqa: ANN401 - the four of the statement
        person, employment = row[0], row[1]
        if by_day:
            return employment.starts_on, employment.id
        names = ("", "") if person.protected else (person.family_name, person.given_name)
        return *names, employment.id

    columns: list[Any] = [col(Employment.starts_on)] if by_day else [family, given]
    page: Rows[Any] = await page_of(
        session,
        statement,
        [*columns, col(Employment.id)],
        query,
        keys=keys,
        descending=(query.sort or "").startswith("-"),
    )
    return Page(
        items=[
            ListedEmployee(**employee_view(person, employment, part).model_dump(), workplace=workplace)
            for person, employment, part, workplace in page.rows
        ],
        next=page.next,
    )


async def check_not_there(session: AsyncSession, employer_id: UUID, details: PersonDetails) -> None:
    """Raise Conflict where somebody of this name and e-mail works for the employer: a list pasted twice adds nobody."""
    if details.email is None:
        return
    found = await session.exec(
        select(Person.id)
        .join(Employment, col(Employment.person_id) == col(Person.id))
        .join(Workplace, col(Workplace.id) == col(Employment.workplace_id))
        .where(
            col(Workplace.employer_id) == employer_id,
            col(Employment.ends_on).is_(None),
            col(Person.erased_at).is_(None),
            col(Person.email) == details.email,
            col(Person.given_name) == details.given_name,
            col(Person.family_name) == details.family_name,
        )
        .limit(1)
    )
    if found.first() is not None:
        raise Conflict(N_("This person is among the employer's people already."), code="employee_known", field="lines")
