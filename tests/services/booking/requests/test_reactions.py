from collections.abc import Sequence
from typing import Any
from uuid import UUID

import pytest
from sqlmodel import col, select

from services.booking.bookings.commands import Order, book_seats
from services.booking.courses.tables import Course, Run
from services.booking.reactions import REACTIONS
from services.booking.requests.commands import draft_request, submit_request, withdraw_request
from services.booking.requests.queries import request_history
from services.booking.requests.rules import RequestWish
from services.booking.requests.tables import RequestedRun, TrainingRequest
from services.booking.seats.queries import pools_of
from shared.contracts.facts import Fact
from shared.contracts.procurement import (
    ContractLineOrdered,
    ContractSigned,
    OrderedMeeting,
    OrderedSeats,
    TrainingRequestDeclined,
    TrainingRequestReturned,
    TrainingRequestTaken,
)
from shared.db import Database
from shared.kernel.errors import InvalidInput, NotFound
from shared.kernel.ids import new_id
from tests.services.booking.offered import (
    AnEmployer,
    AProject,
    a_clock,
    a_meeting,
    a_project,
    an_employer,
)
from tests.support.messaging import a_message, deliver, rows_of


async def given(database: Database, *, employers: int = 1) -> tuple[AProject, list[AnEmployer], list[TrainingRequest]]:
    """Commit a project with employers, each of which has submitted a request."""
    async with database.sessions() as session:
        project = await a_project(session)
        found = [await an_employer(session, project) for _ in range(employers)]
        wish = RequestWish("Aluminium", "Sex personer", 6, 960, "physical", "2080")
        requests = []
        for employer in found:
            request = await draft_request(session, a_clock(), wish, project_id=project.id, employer_id=employer.id)
            requests.append(await submit_request(session, a_clock(), request.id))
        await session.commit()
        return project, found, requests


async def request_now(database: Database, request_id: UUID) -> TrainingRequest:
    async with database.sessions() as session:
        return await session.get_one(TrainingRequest, request_id)


async def changes_of(database: Database, request_id: UUID) -> list[str]:
    async with database.sessions() as session:
        return [row.change for row in await request_history(session, request_id)]


async def tell(database: Database, fact: Fact) -> None:
    await deliver(REACTIONS, fact, database, clock=a_clock())


def a_line(project: AProject, asked: Sequence[tuple[TrainingRequest, int]], **changes: Any) -> ContractLineOrdered:  # noqa: ANN401 - any field of it
    meeting = a_meeting()
    fields: dict[str, Any] = {
        "line_id": new_id(),
        "project_id": project.id,
        "seats": 12,
        "meetings": (
            OrderedMeeting(starts_at=meeting.starts_at, ends_at=meeting.ends_at, mode="physical", place="Falun"),
        ),
        "requests": tuple(
            OrderedSeats(request_id=request.id, employer_id=request.employer_id, seats=seats)
            for request, seats in asked
        ),
    }
    return a_message(ContractLineOrdered, **(fields | changes))


async def run_of(database: Database, line: ContractLineOrdered) -> Run:
    async with database.sessions() as session:
        return (await session.exec(select(Run).where(col(Run.contract_line_id) == line.line_id))).one()


async def pools_now(database: Database, run: Run) -> dict[UUID | None, int]:
    async with database.sessions() as session:
        return {pool.holder_id: pool.capacity for pool in await pools_of(session, run.id)}


async def test_a_request_is_taken_returned_taken_again_and_declined(booking_database: Database) -> None:
    _, _, (request,) = await given(booking_database)
    taken = a_message(TrainingRequestTaken, request_id=request.id)
    await tell(booking_database, taken)
    row = await request_now(booking_database, request.id)
    assert (row.state, row.case_id, row.registration_number) == ("in_case", taken.case_id, taken.registration_number)
    await tell(booking_database, a_message(TrainingRequestReturned, request_id=request.id))
    row = await request_now(booking_database, request.id)
    assert (row.state, row.case_id) == ("submitted", None)
    declined = a_message(TrainingRequestDeclined, request_id=request.id)
    await tell(booking_database, declined)
    row = await request_now(booking_database, request.id)
    assert (row.state, row.answer) == ("declined", declined.reason)


async def test_what_comes_after_a_withdrawal_is_kept_in_the_history_alone(booking_database: Database) -> None:
    _, _, (request,) = await given(booking_database)
    async with booking_database.sessions() as session:
        await withdraw_request(session, a_clock(), request.id, reason="Behövs inte")
        await session.commit()
    await tell(booking_database, a_message(TrainingRequestTaken, request_id=request.id))
    assert (await request_now(booking_database, request.id)).state == "withdrawn"
    assert (await changes_of(booking_database, request.id))[-1] == "in_case_too_late"


async def test_an_unknown_request_is_an_error_and_not_passed_over(booking_database: Database) -> None:
    with pytest.raises(NotFound):
        await tell(booking_database, a_message(TrainingRequestTaken, request_id=new_id()))


@pytest.mark.parametrize(("place", "mode"), [("Falun", "physical"), (None, "digital")])
async def test_a_mode_of_a_newer_system_is_taken_by_whether_there_is_a_place(
    booking_database: Database, place: str | None, mode: str
) -> None:
    project, _, (request,) = await given(booking_database)
    (meeting,) = a_line(project, []).meetings
    line = a_line(project, [(request, 6)], meetings=(meeting.model_copy(update={"mode": "in_orbit", "place": place}),))
    await tell(booking_database, line)
    assert (await run_of(booking_database, line)).mode == mode


async def test_an_ordered_line_becomes_a_run_with_seats_kept_for_those_who_asked(booking_database: Database) -> None:
    project, (employer, other), (first, second) = await given(booking_database, employers=2)
    line = a_line(project, [(first, 6), (second, 4)])
    await tell(booking_database, line)
    run = await run_of(booking_database, line)
    assert (run.capacity, run.mode, run.municipality) == (12, "physical", "2080")
    assert await pools_now(booking_database, run) == {None: 2, employer.id: 6, other.id: 4}
    async with booking_database.sessions() as session:
        course = await session.get_one(Course, run.course_id)
        assert (course.kind, course.title) == ("tailored", line.title)
        links = (await session.exec(select(RequestedRun).where(col(RequestedRun.run_id) == run.id))).all()
        assert {(link.request_id, link.seats) for link in links} == {(first.id, 6), (second.id, 4)}
    assert (await request_now(booking_database, first.id)).state == "arranged"
    query = "SELECT type, count(*) FROM outbox WHERE key = ANY(:keys) GROUP BY type"
    told = await rows_of(booking_database, query, keys=[run.id, first.id, second.id])
    assert {kind: count for kind, count in told if "submitted" not in kind} == {
        "run.scheduled.v1": 1,
        "training_request.arranged.v1": 2,
    }


async def test_the_requester_books_its_kept_seats(booking_database: Database) -> None:
    project, (employer,), (request,) = await given(booking_database)
    line = a_line(project, [(request, 12)])
    await tell(booking_database, line)
    run = await run_of(booking_database, line)
    async with booking_database.sessions() as session:
        booking = await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 6, employer.people))
        assert booking.seats == 6


async def test_the_same_line_told_as_another_message_makes_no_second_run(booking_database: Database) -> None:
    project, _, (request,) = await given(booking_database)
    line = a_line(project, [(request, 6)])
    await tell(booking_database, line)
    await tell(booking_database, line)
    assert (await changes_of(booking_database, request.id)).count("arranged") == 1
    assert (await run_of(booking_database, line)).capacity == 12


async def test_a_line_without_requests_is_open_to_all(booking_database: Database) -> None:
    project, _, _ = await given(booking_database)
    line = a_line(project, [])
    await tell(booking_database, line)
    assert await pools_now(booking_database, await run_of(booking_database, line)) == {None: 12}


async def test_seats_of_a_withdrawn_request_are_open_to_all(booking_database: Database) -> None:
    project, (employer, _), (first, second) = await given(booking_database, employers=2)
    async with booking_database.sessions() as session:
        await withdraw_request(session, a_clock(), second.id, reason="Behövs inte")
        await session.commit()
    line = a_line(project, [(first, 6), (second, 4)])
    await tell(booking_database, line)
    assert await pools_now(booking_database, await run_of(booking_database, line)) == {None: 6, employer.id: 6}
    assert (await request_now(booking_database, second.id)).state == "withdrawn"


async def test_a_case_heard_of_after_the_run_changes_nothing_but_is_known(booking_database: Database) -> None:
    project, _, (request,) = await given(booking_database)
    await tell(booking_database, a_line(project, [(request, 6)]))
    taken = a_message(TrainingRequestTaken, request_id=request.id)
    await tell(booking_database, taken)
    row = await request_now(booking_database, request.id)
    assert (row.state, row.case_id) == ("arranged", taken.case_id)


async def test_a_second_line_gives_the_request_a_second_run(booking_database: Database) -> None:
    project, _, (request,) = await given(booking_database)
    for _ in range(2):
        await tell(booking_database, a_line(project, [(request, 6)]))
    assert (await changes_of(booking_database, request.id)).count("arranged") == 2


async def test_a_line_with_fewer_seats_than_are_kept_is_an_error_and_leaves_no_trace(
    booking_database: Database,
) -> None:
    project, _, (request,) = await given(booking_database)
    with pytest.raises(InvalidInput):
        await tell(booking_database, a_line(project, [(request, 13)]))
    assert (await request_now(booking_database, request.id)).state == "submitted"


async def test_a_signed_contract_is_counted_once(booking_database: Database) -> None:
    project, _, _ = await given(booking_database)
    await tell(booking_database, a_message(ContractSigned, project_id=project.id, value_ore=12_000_000))
    query = "SELECT value_ore FROM project_contracts WHERE project_id = :project_id"
    assert [tuple(row) for row in await rows_of(booking_database, query, project_id=project.id)] == [(12_000_000,)]


def test_every_fact_that_comes_is_acted_on() -> None:
    REACTIONS.check_complete()
