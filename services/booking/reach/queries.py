"""Whom messages did not reach, with what one needs to reach them: a name, an employer, a telephone number.

Of a person with protected identity there is neither; of one who was erased there is no row to show.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from pydantic import Field
from sqlalchemy import Text, func
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.employers.tables import Employer
from services.booking.people.tables import Person
from services.booking.reach.tables import Unreached
from shared.web.pages.exports import ListFilter
from shared.web.paging import Rows, page_of

_ANY_CASE: Final = "und-x-icu"


class UnreachedSearch(ListFilter):
    """What is asked of those who were not reached."""

    channel: str | None = Field(default=None, pattern="^(email|sms)$", description="How it was sent")
    employer: UUID | None = Field(default=None, description="People whom messages about this employer did not reach")


@dataclass(frozen=True, slots=True)
class UnreachedPerson:
    """A message that did not arrive, and whom it was for."""

    notification_id: UUID
    person_id: UUID
    name: str | None
    phone: str | None
    email: str | None
    employer_id: UUID | None
    employer_name: str | None
    kind: str
    channel: str
    cause: str
    failed_at: datetime


async def search_unreached(
    session: AsyncSession, query: UnreachedSearch, *, project_id: UUID, names: bool
) -> Rows[UnreachedPerson]:
    """Return the project's messages that did not arrive, the latest first; with `names` also whom they were for."""
    statement = (
        select(Unreached, Person, Employer.name)
        .join(Person, col(Person.id) == col(Unreached.person_id))
        .outerjoin(Employer, col(Employer.id) == col(Unreached.employer_id))
        .where(
            col(Unreached.project_id) == project_id,
            col(Unreached.reached_at).is_(None),
            col(Person.erased_at).is_(None),
        )
    )
    if query.channel is not None:
        statement = statement.where(col(Unreached.channel) == query.channel)
    if query.employer is not None:
        statement = statement.where(col(Unreached.employer_id) == query.employer)
    if query.q:
        in_employer = col(Employer.name).collate(_ANY_CASE).icontains(query.q, autoescape=True)
        full_name = func.concat_ws(" ", col(Person.given_name), col(Person.family_name), type_=Text).collate(_ANY_CASE)
        # a search must not tell who is behind a row that has no name
        in_name = full_name.icontains(query.q, autoescape=True) & col(Person.protected).is_(False)
        statement = statement.where((in_employer | in_name) if names else in_employer)
    page: Rows[Any] = await page_of(
        session,
        statement,
        [col(Unreached.failed_at), col(Unreached.notification_id)],
        query,
        keys=lambda row: (row[0].failed_at, row[0].notification_id),
        descending=(query.sort or "-failed").startswith("-"),
    )
    return Rows([_row(row[0], row[1], row[2], names=names) for row in page.rows], page.next)


def _row(row: Unreached, person: Person, employer: str | None, *, names: bool) -> UnreachedPerson:
    shown = names and not person.protected
    return UnreachedPerson(
        notification_id=row.notification_id,
        person_id=row.person_id,
        name=f"{person.given_name} {person.family_name}" if shown else None,
        phone=person.phone if shown else None,
        email=person.email if shown else None,
        employer_id=row.employer_id,
        employer_name=employer,
        kind=row.kind,
        channel=row.channel,
        cause=row.cause,
        failed_at=row.failed_at,
    )
