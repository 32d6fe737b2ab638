"""The history of an employer's things as it is read: what happened, when, and who did it in which capacity.

In which capacity somebody acted follows from the roles that she held on that day.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeVar
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request

from services.booking.employers.standing import Standing
from services.booking.people.queries import find_names
from services.booking.people.rules import ROLE_NAMES
from services.booking.people.tables import RoleGrant
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.exchange import exchange_of, parts_of

_CAPACITIES: Final = (Role.CONTACT, Role.COACH, Role.PROJECT_LEAD, Role.OPERATOR)
_UNNAMED: Final = N_("Somebody whose name is not shown")


class Happened(Protocol):
    """A row of a history."""

    @property
    def at(self) -> datetime: ...
    @property
    def actor_id(self) -> UUID | None: ...
    @property
    def reason(self) -> str | None: ...


H = TypeVar("H", bound=Happened)


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a history as `pieces.history` shows it."""

    at: datetime
    actor_name: str | None
    text: Text
    reason: str | None


async def history_entries(
    request: Request, session: AsyncSession, standing: Standing, rows: Sequence[H], text_of: Callable[[H], Text]
) -> list[Entry]:
    """Return the rows as they are read: with the names of those who did it, and as what they did it."""
    actors = {row.actor_id for row in rows if row.actor_id is not None}
    names = await find_names(session, actors) if actors else {}
    grants = await _grants_of(session, standing, actors) if actors else []
    parts, language = parts_of(request), exchange_of(request).language

    def who(row: H) -> str | None:
        if row.actor_id is None:
            return None
        name = names.get(row.actor_id) or parts.catalogues.message(_UNNAMED, language)
        role = _capacity(grants, row.actor_id, row.at)
        return name if role is None else f"{name}, {parts.catalogues.message(ROLE_NAMES[role], language)}"

    return [Entry(row.at, who(row), text_of(row), row.reason) for row in rows]


async def _grants_of(session: AsyncSession, standing: Standing, people: Iterable[UUID]) -> Sequence[RoleGrant]:
    projects = [part.project_id for part in standing.parts]
    employer, project = col(RoleGrant.employer_id), col(RoleGrant.project_id)
    found = await session.exec(
        select(RoleGrant).where(
            col(RoleGrant.person_id).in_(people),
            col(RoleGrant.role).in_([role.value for role in _CAPACITIES]),
            employer.is_(None) | (employer == standing.employer_id),
            project.is_(None) | project.in_(projects),
        )
    )
    return found.all()


def _capacity(grants: Sequence[Any], person_id: UUID, at: datetime) -> Role | None:
    held = {
        grant.role
        for grant in grants
        if grant.person_id == person_id
        and grant.granted_at <= at
        and (grant.withdrawn_at is None or grant.withdrawn_at >= at)
    }
    return next((role for role in _CAPACITIES if role.value in held), None)
