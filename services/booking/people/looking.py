"""Who a participant with protected identity is: told to a project's lead for a while, once she has said why.

Every look is kept, with who looked, when and why. No list of participants is made with these names.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy.orm import aliased
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.people.tables import IdentityLook, Participation, Person
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound
from shared.kernel.texts import N_
from shared.web.paging import PageFilter, Rows, page_of

SHOWN_FOR: Final = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Hidden:
    """A participant whose identity is protected, as a list has her: without a name."""

    person_id: UUID
    starts_on: date
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class Look:
    """One look: who, when, why, and whom it was about, by what may be told of her."""

    at: datetime
    actor_name: str | None
    starts_on: date | None
    reason: str


async def get_hidden(session: AsyncSession, project_id: UUID, person_id: UUID) -> Hidden:
    """Return a participant of the project whose identity is protected; raises NotFound for anybody else."""
    found = await session.exec(
        select(Participation)
        .join(Person, col(Person.id) == col(Participation.person_id))
        .where(
            col(Participation.project_id) == project_id,
            col(Participation.person_id) == person_id,
            col(Person.protected).is_(True),
            col(Person.erased_at).is_(None),
        )
    )
    row = found.one_or_none()
    if row is None:
        raise NotFound(
            N_("No participant of the project with a protected identity is like that."), code="participant_not_found"
        )
    return Hidden(person_id, row.starts_on, row.ends_on)


async def look_at_identity(
    session: AsyncSession, clock: Clock, project_id: UUID, person_id: UUID, *, by: UUID, reason: str
) -> IdentityLook:
    """Keep that `by` looks at who the participant is, and why; raises NotFound as `get_hidden`."""
    await get_hidden(session, project_id, person_id)
    look = IdentityLook(project_id=project_id, person_id=person_id, actor_id=by, at=clock.now(), reason=reason)
    session.add(look)
    await session.flush()
    return look


async def find_identity(
    session: AsyncSession, project_id: UUID, person_id: UUID, *, by: UUID, now: datetime
) -> tuple[Person, datetime] | None:
    """Return the person and until when she is shown, where `by` has said why in the last ten minutes; else None."""
    await get_hidden(session, project_id, person_id)
    found = await session.exec(
        select(IdentityLook.at)
        .where(
            col(IdentityLook.project_id) == project_id,
            col(IdentityLook.person_id) == person_id,
            col(IdentityLook.actor_id) == by,
            col(IdentityLook.at) > now - SHOWN_FOR,
        )
        .order_by(col(IdentityLook.at).desc())
        .limit(1)
    )
    at = found.first()
    return None if at is None else (await session.get_one(Person, person_id), at + SHOWN_FOR)


async def list_hidden(session: AsyncSession, project_id: UUID, query: PageFilter) -> Rows[Hidden]:
    """Return the project's participants whose identity is protected, in the order in which they were added."""
    page: Rows[Any] = await page_of(
        session,
        select(Participation)
        .join(Person, col(Person.id) == col(Participation.person_id))
        .where(
            col(Participation.project_id) == project_id,
            col(Person.protected).is_(True),
            col(Person.erased_at).is_(None),
        ),
        [col(Participation.id)],
        query,
        keys=lambda row: (row.id,),
    )
    return Rows([Hidden(row.person_id, row.starts_on, row.ends_on) for row in page.rows], page.next)


async def list_looks(session: AsyncSession, project_id: UUID, query: PageFilter) -> Rows[Look]:
    """Return who has looked at protected identities in the project, the latest first."""
    actor = aliased(Person)
    page: Rows[Any] = await page_of(
        session,
        select(IdentityLook, actor, col(Participation.starts_on))
        .join(actor, col(IdentityLook.actor_id) == actor.id)
        .outerjoin(
            Participation,
            (col(Participation.person_id) == col(IdentityLook.person_id))
            & (col(Participation.project_id) == col(IdentityLook.project_id)),
        )
        .where(col(IdentityLook.project_id) == project_id),
        [col(IdentityLook.id)],
        query,
        keys=lambda row: (row[0].id,),
        descending=True,
    )
    return Rows(
        [
            Look(look.at, None if by.erased_at else f"{by.given_name} {by.family_name}", starts_on, look.reason)
            for look, by, starts_on in page.rows
        ],
        page.next,
    )
