"""A project's figures are counted from the same rows that the work is done with."""

from datetime import date, timedelta

import pytest
from sqlmodel import select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.marking import Mark, mark_meeting
from services.booking.attendance.queries import find_row
from services.booking.attendance.rules import Attended, reported_minutes
from services.booking.attendance.signing import sign_attendance
from services.booking.bookings.commands import Change, Order, book_seats, cancel_booking, change_booking
from services.booking.courses.queries import meetings_of
from services.booking.employers.tables import Employment, ProjectWorkplace, Workplace
from services.booking.people.tables import Person
from services.booking.projects.rules import HourRounding
from services.booking.projects.tables import Project
from services.booking.proof.hours import HoursCell, HoursOf, attended_hours, hours_by, sum_of
from services.booking.proof.outside_rules import OutsideState, ProviderKind
from services.booking.proof.tables import OutsideCourse
from services.booking.reports.breakdown import Amounts, by_month, by_municipality, mark_of_figures
from services.booking.reports.commands import note_contract
from services.booking.reports.queries import get_figures
from shared.kernel.calendar import legal_day
from shared.kernel.ids import new_id
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    MONDAY_MORNING,
    TODAY,
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
    second = await a_run(session, project, plan=a_plan(meetings=(a_meeting(IN_TWO_WEEKS + timedelta(days=2)),)))
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


async def test_months_and_municipalities_add_up_to_the_totals(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    later = await a_run(session, project, plan=a_plan(meetings=(a_meeting(IN_TWO_WEEKS + timedelta(days=60)),)))
    await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 3, employer.people[:2]))
    await book_seats(session, a_clock(), Order(project.id, employer.id, later.id, 2, employer.people[:2]))
    months = await by_month(session, project.id, today=TODAY)
    assert [month.first_day for month in months] == [date(2026, 11, 1), date(2026, 12, 1), *_of_2027(1, 2)]
    assert [month.amounts.persons for month in months] == [0, 2, 0, 0], "a person counts in her first month alone"
    assert [month.amounts.seats for month in months] == [0, 3, 0, 2]
    assert [month.amounts.hours for month in months] == [0, 9, 0, 6]
    assert [month.amounts.employers for month in months] == [1, 0, 0, 0]
    assert await by_municipality(session, project.id) == {"2080": Amounts(persons=2, employers=1, minutes=4 * 180)}


def _of_2027(*months: int) -> list[date]:
    return [date(2027, month, 1) for month in months]


async def test_a_person_counts_where_she_works_for_the_one_who_booked(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    mora = Workplace(employer_id=employer.id, name="Mora", municipality="2062")
    session.add(mora)
    await session.flush()
    person = employer.people[0]
    (before,) = await session.exec(select(Employment).where(Employment.person_id == person))
    before.ends_on = TODAY
    session.add(Employment(person_id=person, workplace_id=mora.id, starts_on=TODAY))
    session.add(
        ProjectWorkplace(project_id=project.id, workplace_id=mora.id, employer_id=employer.id, decided_on=TODAY)
    )
    await session.flush()
    run = await a_run(session, project)
    await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 1, (person,)))
    places = await by_municipality(session, project.id)
    assert {code: place.persons for code, place in places.items()} == {"2080": 0, "2062": 1}
    assert {code: place.employers for code, place in places.items()} == {"2080": 1, "2062": 1}


async def test_the_mark_is_another_once_a_figure_is(session: AsyncSession) -> None:
    project = await a_project(session)
    marks = [await mark_of_figures(session, project.id)]
    employer = await an_employer(session, project)
    marks.append(await mark_of_figures(session, project.id))
    run = await a_run(session, project)
    marks.append(await mark_of_figures(session, project.id))
    booking = await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 2, employer.people[:1]))
    marks.append(await mark_of_figures(session, project.id))
    await change_booking(session, a_clock(), booking.id, Change(participants=employer.people[:2]))
    marks.append(await mark_of_figures(session, project.id))
    await cancel_booking(session, a_clock(), booking.id, reason="illness")
    marks.append(await mark_of_figures(session, project.id))
    assert len(set(marks)) == len(marks)
    assert await mark_of_figures(session, project.id) == marks[-1]


async def test_an_empty_project_has_this_month_and_no_place(session: AsyncSession) -> None:
    project = await a_project(session)
    (month,) = await by_month(session, project.id, today=TODAY)
    assert (month.first_day, month.amounts) == (date(2026, 11, 1), Amounts())
    assert await by_municipality(session, project.id) == {}


@pytest.mark.parametrize("rounding", HourRounding)
async def test_attended_hours_are_what_the_rule_makes_of_the_same_rows(
    session: AsyncSession, rounding: HourRounding
) -> None:
    project = await a_project(session)
    (await session.get_one(Project, project.id)).hour_rounding = rounding.value
    employer = await an_employer(session, project)
    first, last = IN_TWO_WEEKS, IN_TWO_WEEKS + timedelta(days=30)
    attended = []
    for number in range(2):
        day = timedelta(days=number)
        run = await a_run(session, project, plan=a_plan(meetings=(a_meeting(first + day), a_meeting(last + day))))
        await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 4, employer.people))
        for place, meeting in enumerate(await meetings_of(session, run.id)):
            minutes = dict(zip(employer.people, (0, 59 + number, 90 + place, 180), strict=True))
            marks = [Mark(person, many) for person, many in minutes.items()]
            await mark_meeting(session, a_clock(meeting.starts_at), meeting.id, marks, by=None)
            month = legal_day(meeting.starts_at).replace(day=1)
            attended += [Attended(who, meeting.id, run.id, month, many) for who, many in minutes.items()]
    row = await find_row(session, meeting.id, employer.people[3])
    assert row is not None
    assert row.attendance is not None
    clock = a_clock(meeting.ends_at)
    mark = await mark_of_figures(session, project.id)
    await sign_attendance(session, clock, row.attendance.id, person_id=employer.people[3], minutes=180)
    await session.flush()
    assert await mark_of_figures(session, project.id) != mark
    figures = (await get_figures(session, clock, project.id)).attended
    assert (figures.persons, figures.no_shows, figures.signed_minutes) == (3, 4, 180)
    assert figures.minutes == sum(each.minutes for each in attended)
    assert figures.counted_minutes == reported_minutes(attended, rounding)
    cells = await attended_hours(session, project.id, rounding)
    by_month = hours_by(cells, lambda cell: cell.month)
    assert sum_of(cells).minutes == figures.minutes
    assert sum_of(cells).counted == figures.counted_minutes
    assert sum_of(cells).signed == figures.signed_minutes
    for month, hours in by_month.items():
        of_month = [each for each in attended if each.month == month]
        assert hours.minutes == sum(each.minutes for each in of_month)
        if rounding is not HourRounding.PER_ACTIVITY:
            assert hours.counted == reported_minutes(of_month, rounding)
    assert {cell.municipality for cell in cells} == {"2080"}


@pytest.mark.parametrize(("rounding", "expected"), [(HourRounding.EXACT, 470), (HourRounding.PER_MONTH, 420)])
async def test_of_outside_courses_the_accepted_alone_count_in_the_month_in_which_they_ended(
    session: AsyncSession, rounding: HourRounding, expected: int
) -> None:
    project = await a_project(session)
    (await session.get_one(Project, project.id)).hour_rounding = rounding.value
    employer = await an_employer(session, project)
    mark = await mark_of_figures(session, project.id)
    for number, state in enumerate(OutsideState):
        course = OutsideCourse(
            project_id=project.id,
            employer_id=employer.id,
            participant_id=employer.people[0],
            title=f"Kurs {number}",
            provider="Högskolan",
            provider_kind=ProviderKind.UNIVERSITY.value,
            starts_on=date(2026, 8, 31),
            ends_on=date(2026, 10, 1),
            minutes=470,
            state=state.value,
            answer="Ja" if state is OutsideState.ACCEPTED else "Nej",
            entered_by=employer.contact,
            entered_at=MONDAY_MORNING,
            decided_by=None if state is OutsideState.ENTERED else employer.people[1],
        )
        session.add(course)
    await session.flush()
    assert await mark_of_figures(session, project.id) != mark
    cells = await attended_hours(session, project.id, rounding)
    assert cells == [HoursCell(date(2026, 10, 1), "2080", HoursOf(outside=expected))]
    assert (await get_figures(session, a_clock(), project.id)).attended.outside_minutes == expected
