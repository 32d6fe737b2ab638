"""A project is filled by drawn things that the services' own rules let in; its pages then cost no more than before."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from deploy.seeding.drawing import NoRoomError, draw, organisation_numbers
from deploy.seeding.drawn import Days, Drawn, Wanted
from deploy.seeding.filling import CannotSeed, fill
from services.booking.projects.rules import EligibilityRules, EmployerKind, WorkplaceFacts, workplace_reasons
from services.booking.projects.sectors import SniVersion
from shared.kernel.calendar import legal_day
from shared.kernel.grants import Grant
from shared.kernel.identity import organisation_number
from shared.kernel.roles import Role
from tests.services.booking.registered import A_MONDAY, Office, an_office
from tests.support.databases import ServiceDatabase
from tests.support.pages import browser, known_visitors
from tests.support.statements import statements_of
from tests.system.crawl import walk_on

WANTED = Wanted(employers=90, persons=130, runs=60)
DAYS = Days(date(2026, 4, 1), A_MONDAY, date(2027, 12, 31))
DALARNA = EligibilityRules(counties=("20",), kinds=(EmployerKind.COMPANY,))
ROWS_OF_A_PAGE = 50
MOST_STATEMENTS = 30


@dataclass(frozen=True)
class Filled:
    """What was drawn for the office, what was told meanwhile, and what was in its store right afterwards."""

    office: Office
    drawn: Drawn
    told: list[tuple[str, int, int]]
    counts: dict[str, int]


COUNTS = {
    "employers": "SELECT count(*) FROM employers",
    "persons": "SELECT count(*) FROM employments",
    "runs": "SELECT count(*) FROM runs",
    "seats": "SELECT count(*) FROM seats WHERE released_at IS NULL",
    "taken": "SELECT coalesce(sum(taken), 0) FROM seat_pools",
    "attendances": "SELECT count(*) FROM attendances",
    "recorded": "SELECT count(*) FROM outbox WHERE type LIKE 'attendance.recorded%'",
    "waiting": "SELECT count(*) FROM waiting_entries",
}


@pytest.fixture(scope="module")
async def filled(module_database: ServiceDatabase) -> AsyncIterator[Filled]:
    told: list[tuple[str, int, int]] = []
    async with an_office(await module_database("booking")) as office:
        drawn = await fill(office.settings, office.clock, "lyft", WANTED, 1, lambda *each: told.append(each))
        yield Filled(office, drawn, told, {name: await _count(office, query) for name, query in COUNTS.items()})


async def _count(office: Office, statement: str) -> int:
    async with office.database.engine.connect() as connection:
        return int((await connection.execute(text(statement))).scalar_one())


def test_one_number_draws_the_same_and_another_does_not() -> None:
    first, again = (draw(1, WANTED, DALARNA, DAYS, members=2) for _ in range(2))
    other = draw(2, WANTED, DALARNA, DAYS, members=2)
    assert first == again
    assert {each.details.organisation_number for each in first.employers}.isdisjoint(
        each.details.organisation_number for each in other.employers
    )


def test_what_is_drawn_is_let_in_and_belongs_together() -> None:
    drawn = draw(3, WANTED, DALARNA, DAYS, members=2)
    numbers = [each.details.organisation_number for each in drawn.employers]
    assert len(set(numbers)) == WANTED.employers
    assert [organisation_number(number) for number in numbers] == numbers
    for employer in drawn.employers:
        for place in employer.details.workplaces:
            facts = WorkplaceFacts(place.municipality, place.sni, SniVersion.SNI_2007)
            assert workplace_reasons(DALARNA, facts) == []
    busy: set[tuple[int, date]] = set()
    for run in drawn.runs:
        people = [person for group in run.booked for person in group.people]
        assert len(people) <= run.plan.capacity
        days = {legal_day(meeting.starts_at) for meeting in run.plan.meetings}
        assert busy.isdisjoint((person, day) for person in people for day in days)
        busy.update((person, day) for person in people for day in days)
        is_over = run.plan.meetings[-1].ends_at < A_MONDAY
        assert is_over == bool(run.attended) or not people
        assert is_over or run.plan.meetings[0].starts_at > A_MONDAY
        for group in run.booked:
            assert {drawn.persons[person].employer for person in group.people} == {group.employer}
            assert group.at <= min(A_MONDAY, run.plan.meetings[0].starts_at - timedelta(days=2))


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        (EligibilityRules(kinds=(EmployerKind.STATE,)), "not for companies"),
        (EligibilityRules(organisation_numbers=("212000-2742",)), "names the organisations"),
        (EligibilityRules(counties=("99",)), "no municipality"),
    ],
)
def test_conditions_that_nobody_drawn_can_meet_are_told(rules: EligibilityRules, why: str) -> None:
    with pytest.raises(NoRoomError, match=why):
        draw(1, WANTED, rules, DAYS, members=0)


def test_all_that_is_drawn_is_written_and_told(filled: Filled) -> None:
    runs = filled.drawn.runs
    seats = sum(group.seats for run in runs for group in run.booked)
    attended = sum(len(people) for run in runs for people in run.attended)
    assert filled.counts == {
        "employers": WANTED.employers,
        "persons": WANTED.persons,
        "runs": WANTED.runs,
        "seats": seats,
        "taken": seats,
        "attendances": attended,
        "recorded": attended,
        "waiting": sum(len(run.waiting) for run in runs),
    }
    assert min(filled.counts.values()) > 0


def test_progress_is_told_to_the_end(filled: Filled) -> None:
    whole = {of: count for of, _, count in filled.told}
    assert whole["Employers"] == WANTED.employers
    assert whole["Contacts"] + whole["People"] == WANTED.persons
    assert whole["Runs with bookings and attendance"] == WANTED.runs
    assert all({(of, 0, count), (of, count, count)} <= set(filled.told) for of, count in whole.items())


@pytest.mark.parametrize(
    ("code", "number", "why"),
    [
        ("lyft", 1, "--seed 1 draws is here already"),
        ("no-such", 5, "choose one of: lyft, steget"),
    ],
)
async def test_what_cannot_be_filled_is_told_and_changes_nothing(
    filled: Filled, code: str, number: int, why: str
) -> None:
    office, told = filled.office, "SELECT count(*) FROM outbox"
    before = await _count(office, told)
    with pytest.raises(CannotSeed, match=why):
        await fill(office.settings, office.clock, code, WANTED, number, lambda *_: None)
    assert await _count(office, told) == before


async def test_a_real_installation_is_never_filled(filled: Filled) -> None:
    real = filled.office.settings.model_copy(update={"mode": "production"})
    with pytest.raises(CannotSeed, match="embedded system alone"):
        await fill(real, filled.office.clock, "lyft", WANTED, 9, lambda *_: None)


def test_numbers_come_in_the_same_order() -> None:
    first, again = organisation_numbers(4), organisation_numbers(4)
    assert [next(first) for _ in range(100)] == [next(again) for _ in range(100)]


async def test_no_page_asks_more_the_more_rows_it_shows(filled: Filled) -> None:
    office = filled.office
    await office.holder("full-coach", Grant(Role.COACH, project_id=office.project_id))
    await office.holder("full-trainer", Grant(Role.TRAINER, project_id=office.project_id))
    largest = await _largest(office)
    await office.holder("full-contact", Grant(Role.CONTACT, employer_id=largest))
    costly, kinds, rows = {}, set(), 0
    with known_visitors(office.app):
        for sub in ("lead", "full-coach", "full-trainer", "full-contact"):
            async with browser(office.app, sub) as client:
                client.follow_redirects = True
                with statements_of(office.database) as statements:
                    before = 0
                    async for page in walk_on(client, sub):
                        cost, before = len(statements) - before, len(statements)
                        kinds.add(page.kind)
                        rows = max(rows, page.html.count("<tr"))
                        if cost > MOST_STATEMENTS:
                            costly[str(page)] = cost
    assert costly == {}
    assert rows >= ROWS_OF_A_PAGE
    assert len(kinds) > 80


async def _largest(office: Office) -> UUID:
    async with office.database.engine.connect() as connection:
        found = await connection.execute(
            text("SELECT employer_id FROM bookings GROUP BY employer_id ORDER BY sum(seats) DESC, employer_id LIMIT 1")
        )
        return UUID(str(found.scalar_one()))
