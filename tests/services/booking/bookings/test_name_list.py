"""Naming many at once by a list: matched, added or refused, all or nobody."""

import httpx
import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Order, book_seats
from services.booking.bookings.name_list import NameList, name_from_list
from services.booking.bookings.queries import seats_of
from services.booking.bookings.tables import Booking
from services.booking.employers.tables import Employment
from services.booking.people.tables import Person
from shared.contracts.booking import BookingChanged
from shared.kernel.errors import InvalidInput, Several
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.offered import (
    A_KEYS,
    AnEmployer,
    AProject,
    a_clock,
    a_project,
    a_run,
    an_employee,
    an_employer,
    told,
)
from tests.services.booking.registered import Office
from tests.support.pages import browser, known_visitors, page_of

LIST = """Namn;E-post;Telefon;Personnummer
Kim Öst;kim.ost@example.test;070-174 06 05
Berg, Anna;anna.berg@example.test

Lo Ny"""


async def _booked(session: AsyncSession, seats: int = 3) -> tuple[Booking, AnEmployer]:
    project = await a_project(session)
    employer = await an_employer(session, project, people=1)
    person = await session.get_one(Person, employer.people[0])
    person.email = "anna.berg@example.test"
    session.add(person)
    run = await a_run(session, project)
    return await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, seats)), employer


async def _names(session: AsyncSession, booking: Booking) -> list[str | None]:
    seats = (await seats_of(session, [booking.id]))[booking.id]
    people = {person.id: person for person in await session.exec(select(Person))}
    return [None if seat.participant_id is None else people[seat.participant_id].given_name for seat in seats]


async def _give(session: AsyncSession, booking: Booking, employer: AnEmployer, text: str) -> tuple[int, int]:
    names = NameList(text, employer.workplace_id)
    done = await name_from_list(session, a_clock(), A_KEYS, booking.id, names, by=employer.contact)
    return done.named, done.added


async def test_whoever_the_employer_has_is_matched_and_the_rest_are_added(session: AsyncSession) -> None:
    booking, employer = await _booked(session)
    assert await _give(session, booking, employer, LIST) == (3, 2)
    assert await _names(session, booking) == ["Kim", "Anna", "Lo"]
    statement = select(Employment).where(col(Employment.workplace_id) == employer.workplace_id)
    assert len((await session.exec(statement)).all()) == 3
    fact = (await told(session))[-1]
    assert isinstance(fact, BookingChanged)
    assert (fact.named, len(fact.recipients)) == (3, 4)


async def test_a_list_given_twice_names_nobody_twice(session: AsyncSession) -> None:
    booking, employer = await _booked(session, seats=4)
    await _give(session, booking, employer, LIST)
    assert await _give(session, booking, employer, f"{LIST}\nEva Ek;eva.ek@example.test") == (1, 1)
    assert await _names(session, booking) == ["Kim", "Anna", "Lo", "Eva"]


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("Anna Berg;anna.berg@example.test\nKim;kim@\nLo Ny;;070", {"lines.2", "lines.3"}),
        ("Lo Ny\nAnna Berg\nAnna Berg;anna.berg@example.test", {"lines.3"}),
        ("Lo Ny\nKim Öst\nEva Ek\nUlf Al", {"lines"}),
        ("\n", {"lines"}),
    ],
)
async def test_one_wrong_line_and_nobody_is_named(session: AsyncSession, text: str, wrong: set[str]) -> None:
    booking, employer = await _booked(session)
    with pytest.raises(InvalidInput) as refused:
        await _give(session, booking, employer, text)
    errors = refused.value.errors if isinstance(refused.value, Several) else (refused.value,)
    assert {error.field for error in errors} == wrong
    assert await _names(session, booking) == [None] * 3


async def test_somebody_who_has_another_course_then_is_told_of_at_her_line(session: AsyncSession) -> None:
    booking, employer = await _booked(session)
    other = await a_run(session, await _project_of(employer))
    await book_seats(session, a_clock(), Order(employer.project_id, employer.id, other.id, 1, employer.people))
    with pytest.raises(Several) as refused:
        await _give(session, booking, employer, "Lo Ny\nAnna Berg;anna.berg@example.test")
    assert [(error.field, error.code) for error in refused.value.errors] == [("lines.2", "meetings_at_once")]


async def test_two_of_one_name_are_told_apart_by_e_mail(session: AsyncSession) -> None:
    booking, employer = await _booked(session)
    await an_employee(session, employer.project_id, employer.workplace_id, name="Anna")
    with pytest.raises(Several) as refused:
        await _give(session, booking, employer, "Anna Berg")
    assert refused.value.code == "several_called_so"
    assert await _give(session, booking, employer, "Anna Berg;anna.berg@example.test") == (1, 0)


async def test_a_contact_sends_a_file_mends_its_wrong_line_and_sends_the_list(office: Office) -> None:
    async with office.transaction() as session:
        booking, employer = await _booked(session)
    await office.holder("listing", Grant(Role.CONTACT, employer_id=employer.id))
    address = f"/booking/bookings/{booking.id}/names"
    with known_visitors(office.app):
        async with browser(office.app, "listing") as contact:
            shown = page_of(await contact.get(f"/booking/bookings/{booking.id}"), 200)
            assert shown.tag("a", href=address)
            typed = dict(page_of(await contact.get(address), 200).typed())
            content = LIST.replace("Lo Ny", "Lo").encode("cp1252")
            again = await contact.post(address, data=typed, files={"file": ("namn.csv", content, "text/csv")})
            page = page_of(again, 422)
            assert "Both first and last name are needed." in page.text
            assert "Lines that are wrong: 1" in page.text
            async with office.transaction() as session:
                assert await _names(session, booking) == [None] * 3
            refused = await contact.post(address, data=typed, files={"file": ("namn.xlsx", b"PK\x00\x01", "text/csv")})
            assert "The file is not text" in page_of(refused, 422).text
            mended = dict(page.typed()) | {"lines": LIST}
            done = await contact.post(address, data=mended, files={"file": ("", b"")})
            assert (done.status_code, done.headers["location"]) == (303, f"/booking/bookings/{booking.id}")
    answer: httpx.Response = await office.ask("listing").post(f"bookings/{booking.id}/names", json={"lines": "Lo Ny"})
    assert answer.json()["code"] == "booking_unchanged"


async def _project_of(employer: AnEmployer) -> AProject:
    return AProject(employer.project_id, ())
