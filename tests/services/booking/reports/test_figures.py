"""A project's figures are counted from the same rows that the work is done with."""

from datetime import timedelta

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Order, book_seats, cancel_booking
from services.booking.people.tables import Person
from services.booking.reports.commands import note_contract
from services.booking.reports.queries import get_figures
from shared.kernel.ids import new_id
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    MONDAY_MORNING,
    a_clock,
    a_meeting,
    a_plan,
    a_project,
    a_run,
    an_employer,
)


async def test_a_project_that_has_not_begun_has_reached_nothing(session: AsyncSession) -> None:
    project = await a_project(session)
    figures = await get_figures(session, a_clock(), project.id)
    assert (figures.persons.reached, figures.employers.reached, figures.hours.reached) == (0, 0, 0)
    assert (figures.seats.booked, figures.seats.named, figures.money) == (0, 0, [])


async def test_seats_named_persons_and_minutes_add_up(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    days = (a_meeting(hours=3), a_meeting(IN_TWO_WEEKS + timedelta(days=1), hours=2))
    first = await a_run(session, project, plan=a_plan(meetings=days))
    second = await a_run(session, project)
    await book_seats(session, a_clock(), Order(project.id, employer.id, first.id, 6, employer.people))
    await book_seats(session, a_clock(), Order(project.id, employer.id, second.id, 1, employer.people[:1]))
    figures = await get_figures(session, a_clock(), project.id)
    assert (figures.seats.booked, figures.seats.named) == (7, 5)
    assert figures.persons.reached == 4
    assert figures.booked_minutes == 6 * 300 + 180
    assert figures.hours.reached == 33
    assert figures.employers.reached == 1


async def test_one_identity_number_in_two_rows_is_one_person(session: AsyncSession) -> None:
    project = await a_project(session)
    employers = [await an_employer(session, project) for _ in range(2)]
    run = await a_run(session, project)
    for employer in employers:
        person = await session.get_one(Person, employer.people[0])
        person.number_kind, person.number_sealed, person.number_hash = "personal", b"sealed", b"the same"
        await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 2, employer.people[:2]))
    figures = await get_figures(session, a_clock(), project.id)
    assert (figures.seats.named, figures.persons.reached) == (4, 3)


async def test_a_cancelled_booking_counts_no_more(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 2, employer.people[:2]))
    await cancel_booking(session, a_clock(), booking.id, reason="illness")
    figures = await get_figures(session, a_clock(), project.id)
    assert (figures.seats.booked, figures.persons.reached, figures.booked_minutes) == (0, 0, 0)


async def test_a_contract_told_twice_is_counted_once(session: AsyncSession) -> None:
    project = await a_project(session)
    contract = new_id()
    for _ in range(2):
        await note_contract(
            session,
            contract_id=contract,
            project_id=project.id,
            value_ore=12_345_600,
            currency="SEK",
            signed_at=MONDAY_MORNING,
        )
        await session.flush()
    figures = await get_figures(session, a_clock(), project.id)
    assert [(each.currency, each.contracts, each.contracted_ore) for each in figures.money] == [("SEK", 1, 12_345_600)]
