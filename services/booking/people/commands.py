"""Changes to a person and her part in projects. Each locks her row first, and tells her whole state at the end.

Where one command makes several changes of her, all but the last are made with `tells=False`: her state is told once.
"""

from datetime import date
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version, locked
from services.booking.keys import Keys
from services.booking.people.rules import Education, EntryStatus, NumberKind, PersonDetails, coarse_of
from services.booking.people.states import person_state
from services.booking.people.tables import Participation, Person, PersonHistory
from shared.kernel.clock import Clock
from shared.kernel.errors import InvalidInput, NotFound
from shared.kernel.ids import new_id
from shared.kernel.texts import N_
from shared.messaging.outbox import describe


async def add_person(
    session: AsyncSession,
    clock: Clock,
    keys: Keys,
    details: PersonDetails,
    *,
    by: UUID | None,
    person_id: UUID | None = None,
    tells: bool = True,
) -> Person:
    """Add a person and tell her state. `by` is who adds her; none for a data file or herself."""
    now = clock.now()
    person = Person(
        id=person_id or new_id(),
        given_name=details.given_name,
        family_name=details.family_name,
        email=details.email,
        phone=details.phone,
        language=details.language,
        protected=details.protected,
        created_at=now,
    )
    if details.number is not None:
        person.number_kind = details.number.kind.value
        person.number_sealed = keys.seal(details.number.digits)
        person.number_hash = keys.lookup("person", details.number.digits)
        coarse = coarse_of(details.number)
        person.gender, person.birth_year = coarse.gender, coarse.birth_year
    session.add(person)
    await session.flush()
    await tell_person(session, clock, person, change="added", by=by, tells=tells)
    return person


async def locked_person(session: AsyncSession, person_id: UUID) -> Person:
    """Return the person, locked; raises NotFound for an unknown or erased one."""
    person = await locked(session, Person, person_id)
    if person is None or person.erased_at is not None:
        raise NotFound(N_("There is no such person here."), code="person_not_found")
    return person


async def tell_person(
    session: AsyncSession,
    clock: Clock,
    person: Person,
    *,
    change: str,
    by: UUID | None,
    reason: str | None = None,
    tells: bool = True,
) -> None:
    """Write what was changed into the history and tell the person's state; her row must be locked or new.

    Without `tells` it is the next change of the same transaction that tells.
    """
    now = clock.now()
    person.version += 1
    session.add(person)
    session.add(PersonHistory(at=now, actor_id=by, change=change, reason=reason, person_id=person.id))
    await session.flush()
    if tells:
        await describe(session, await person_state(session, person), version=person.version, at=now)


async def change_person(
    session: AsyncSession, clock: Clock, person_id: UUID, changes: dict[str, object], *, version: int, by: UUID
) -> Person:
    """Change names, e-mail, phone, language or protection; raises Conflict where she was changed meanwhile."""
    person = await locked_person(session, person_id)
    check_version(version, person.version)
    changed = sorted(name for name, value in changes.items() if getattr(person, name) != value)
    if not changed:
        return person
    for name in changed:
        setattr(person, name, changes[name])
    await tell_person(session, clock, person, change=f"changed {', '.join(changed)}", by=by)
    return person


async def find_same_person(session: AsyncSession, keys: Keys, details: PersonDetails) -> Person | None:
    """Return who has the same identity number and the same names, or None.

    The names are asked too, so that a number alone does not tell that somebody is here.
    """
    if details.number is None or details.number.kind is NumberKind.SUBSTITUTE:
        return None
    found = await session.exec(
        select(Person)
        .where(
            col(Person.number_hash) == keys.lookup("person", details.number.digits),
            col(Person.erased_at).is_(None),
        )
        .order_by(col(Person.id))
    )
    given = (details.given_name.casefold(), details.family_name.casefold())
    return next(
        (person for person in found if (person.given_name.casefold(), person.family_name.casefold()) == given), None
    )


async def start_participation(
    session: AsyncSession,
    clock: Clock,
    person: Person,
    project_id: UUID,
    *,
    starts_on: date,
    status: EntryStatus = EntryStatus.UNKNOWN,
    education: Education = Education.UNKNOWN,
    by: UUID | None,
) -> Participation:
    """Give the person a part in the project, or return the part that she has: it is counted once.

    Without an identity number it cannot be reported to Statistics Sweden and is marked so.
    """
    found = await session.exec(
        select(Participation).where(
            col(Participation.person_id) == person.id, col(Participation.project_id) == project_id
        )
    )
    if (known := found.one_or_none()) is not None:
        return known
    participation = Participation(
        person_id=person.id,
        project_id=project_id,
        starts_on=starts_on,
        status_at_entry=status.value,
        education_at_entry=education.value,
        reportable=person.number_kind != NumberKind.NONE,
    )
    session.add(participation)
    session.add(PersonHistory(at=clock.now(), actor_id=by, change="participation started", person_id=person.id))
    await session.flush()
    return participation


async def end_participation(
    session: AsyncSession, clock: Clock, person_id: UUID, project_id: UUID, *, ends_on: date, by: UUID
) -> Participation:
    """End a person's part in the project; raises NotFound without one, InvalidInput for a day before its start."""
    await locked_person(session, person_id)
    found = await session.exec(
        select(Participation)
        .where(col(Participation.person_id) == person_id, col(Participation.project_id) == project_id)
        .with_for_update()
    )
    participation = found.one_or_none()
    if participation is None:
        raise NotFound(N_("The person takes no part in this project."), code="participation_not_found")
    if ends_on < participation.starts_on:
        raise InvalidInput(
            N_("The end {ends_on} is before the start {starts_on}."),
            code="period_backwards",
            field="ends_on",
            ends_on=ends_on,
            starts_on=participation.starts_on,
        )
    participation.ends_on = ends_on
    session.add(participation)
    session.add(PersonHistory(at=clock.now(), actor_id=by, change="participation ended", person_id=person_id))
    return participation
