"""Naming many at once: a list of people, read and checked as a whole, of whom each gets a seat of a booking, or nobody.

Whoever the employer has already is matched, not added a second time: by identity number, by e-mail and name, or by name
alone where no more is given and one person only is called so. The rest are added to the employer's people.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Change, change_booking
from services.booking.bookings.queries import get_booking, seats_of
from services.booking.bookings.tables import Booking
from services.booking.bookings.writing import lock_booking
from services.booking.employers.commands import locked_employer
from services.booking.employers.employments import Employee, add_employee
from services.booking.employers.pasting import MOST_LINES, PastedPerson, read_people
from services.booking.employers.tables import Employment, Workplace
from services.booking.keys import Keys
from services.booking.people.commands import find_same_person
from services.booking.people.rules import PersonDetails
from services.booking.people.tables import Person
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, InvalidInput, KurslotsError, Refused, Several
from shared.kernel.texts import N_, Text

LINES: Final = "lines"


@dataclass(frozen=True, slots=True)
class NameList:
    """The list as it was typed, and the workplace of those who are new; none is needed where nobody is."""

    text: str
    workplace_id: UUID | None
    version: int | None = None


@dataclass(frozen=True, slots=True)
class Named:
    """The booking, how many of the list were named, and how many of them are new among the employer's people."""

    booking: Booking
    named: int
    added: int


async def name_from_list(
    session: AsyncSession, clock: Clock, keys: Keys, booking_id: UUID, names: NameList, *, by: UUID | None
) -> Named:
    """Name everybody on the list on the booking's seats without a name. Who is named there already is passed over.

    Raises Several, each wrong with the field `lines.` and the number of its line; else as `change_booking` does.
    """
    people = _read(names.text)
    booking = await get_booking(session, booking_id)
    await locked_employer(session, booking.employer_id)
    _, booking = await lock_booking(session, booking_id, shared=True)
    wrong: list[KurslotsError] = []
    found: dict[UUID, int] = {}
    added = 0
    for person in people:
        try:
            known = await _match(session, keys, booking.employer_id, person.details)
            if known is None:
                known = await _add(session, clock, keys, booking, names, person, by=by)
                added += 1
            if known in found:
                wrong.append(_line_wrong(person.line, Text(_TWICE, {"line": found[known]}), "participant_twice"))
            found.setdefault(known, person.line)
        except Refused:
            raise
        except (Conflict, InvalidInput) as error:
            wrong += _at_line(person.line, error)
    if wrong:
        raise Several(wrong)
    before = [seat.participant_id for seat in (await seats_of(session, [booking.id]))[booking.id]]
    here = [person for person in before if person is not None]
    new = [person for person in found if person not in here]
    _check_room(len(new), len(before) - len(here), len(found) - len(new))
    try:
        change = Change(participants=(*here, *new), version=names.version)
        booking = await change_booking(session, clock, booking.id, change, by=by)
    except Several as error:
        raise Several([_moved(each, new, found) for each in error.errors]) from error
    return Named(booking, len(new), added)


_TWICE: Final = N_("The same person stands on line {line} already. Take one of the lines away.")


def _read(text: str) -> Sequence[PastedPerson]:
    pasted = read_people(text)
    if pasted.wrong:
        raise Several([_line_wrong(line.line, each, "line_wrong") for line in pasted.wrong for each in line.wrong])
    if not pasted.people:
        raise InvalidInput(
            N_("There is nobody in the list. Write one person on each line."), code="list_empty", field=LINES
        )
    if len(pasted.people) > MOST_LINES:
        raise InvalidInput(
            N_("At most {most} people at a time, and these are {count}."),
            code="list_too_long",
            field=LINES,
            most=MOST_LINES,
            count=len(pasted.people),
        )
    return pasted.people


def _at_line(line: int, error: KurslotsError) -> list[KurslotsError]:
    errors = error.errors if isinstance(error, Several) else (error,)
    return [_line_wrong(line, each.text, each.code) for each in errors]


def _line_wrong(line: int, text: Text, code: str) -> KurslotsError:
    error = InvalidInput(text.message, code=code, field=f"{LINES}.{line}")
    error.text = text
    return error


def _moved(error: KurslotsError, new: Sequence[UUID], lines: dict[UUID, int]) -> KurslotsError:
    """Return an error of the n-th participant who is new as one of her line; the n-th of all is counted by the rest."""
    place = (error.field or "").removeprefix("participants.")
    if not place.isdecimal() or int(place) >= len(new):
        return error
    return _at_line(lines[new[int(place)]], error)[0]


def _check_room(new: int, room: int, named_before: int) -> None:
    if new == 0:
        raise Refused(N_("Everybody on the list is named on the booking already."), code="booking_unchanged")
    if new > room:
        raise InvalidInput(
            N_(
                "{count} people on the list are not named yet, but the booking has {room} seats without a name "
                "({before} of the list are named already). Take some lines away, or book more seats first."
            ),
            code="more_names_than_seats",
            field=LINES,
            count=new,
            room=room,
            before=named_before,
        )


async def _match(session: AsyncSession, keys: Keys, employer_id: UUID, details: PersonDetails) -> UUID | None:
    same = await find_same_person(session, keys, details)
    if same is not None and same.id in {person.id for person in await _called(session, employer_id, same.email, same)}:
        return same.id
    found = await _called(session, employer_id, details.email, details)
    if details.number is not None:
        # another number is another person, and one without hers is not known to be the same
        found = [person for person in found if details.email is not None and person.number_hash is None]
    if len(found) > 1:
        raise InvalidInput(
            N_("Several of the employer's people are called so. Write the e-mail address that the right one has here."),
            code="several_called_so",
        )
    return found[0].id if found else None


async def _called(
    session: AsyncSession, employer_id: UUID, email: str | None, names: PersonDetails | Person
) -> list[Person]:
    """Return those who work for the employer and have these names, and the e-mail where one is given."""
    statement = (
        select(Person)
        .join(Employment, col(Employment.person_id) == col(Person.id))
        .join(Workplace, col(Workplace.id) == col(Employment.workplace_id))
        .where(
            col(Workplace.employer_id) == employer_id,
            col(Employment.ends_on).is_(None),
            col(Person.erased_at).is_(None),
            col(Person.given_name) == names.given_name,
            col(Person.family_name) == names.family_name,
        )
    )
    if email is not None:
        statement = statement.where(col(Person.email) == email)
    people = (await session.exec(statement.order_by(col(Person.id)))).all()
    return list({person.id: person for person in people}.values())


async def _add(
    session: AsyncSession,
    clock: Clock,
    keys: Keys,
    booking: Booking,
    names: NameList,
    person: PastedPerson,
    *,
    by: UUID | None,
) -> UUID:
    if names.workplace_id is None:
        raise InvalidInput(
            N_("This person is not among the employer's people. Choose the workplace of those who are new."),
            code="workplace_missing",
        )
    employee = Employee(person.details, names.workplace_id)
    return (await add_employee(session, clock, keys, booking.project_id, booking.employer_id, employee, by=by)).id
