"""Needs of several employers met together: by a joint run with kept seats, or by requests that are sent as one."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Order, book_seats
from services.booking.bookings.runs import cancel_run_with_bookings
from services.booking.courses.commands import add_course
from services.booking.courses.rules import CourseKind, CoursePlan
from services.booking.needs.demand import chosen_needs, demanded_together
from services.booking.needs.tables import Need
from services.booking.requests.tables import TrainingRequest
from services.booking.seats.led_runs import kept_pools
from tests.services.booking.offered import AnEmployer, AProject, an_employer
from tests.services.booking.registered import Office
from tests.services.booking.world import a_need
from tests.support.pages import browser, known_visitors, page_of

ASKED = {"title": "Svetsning", "description": "Grunderna", "hours": "16", "mode": "physical", "municipality": "2080"}


@dataclass(frozen=True)
class Wanting:
    """Two employers who need the same."""

    employers: Sequence[AnEmployer]
    needs: Sequence[UUID]

    @property
    def chosen(self) -> str:
        return "&".join(f"need={need}" for need in self.needs)


@pytest.fixture
async def wanting(office: Office) -> Wanting:
    project = AProject(office.project_id, (office.buyer_id,))
    async with office.transaction() as session:
        employers = [await an_employer(session, project) for _ in range(2)]
        needs = [(await a_need(session, project.id, employer.id, employer.contact)).id for employer in employers]
    return Wanting(employers, needs)


@pytest.fixture
async def lead(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    with known_visitors(office.app):
        async with browser(office.app, "lead") as lead:
            yield lead


def together(office: Office, wanting: Wanting) -> str:
    return f"/booking/projects/{office.project_id}/demand/together?{wanting.chosen}"


async def requests_for(office: Office, wanting: Wanting) -> list[TrainingRequest]:
    async with office.database.sessions() as session:
        statement = select(TrainingRequest).where(col(TrainingRequest.need_id).in_(wanting.needs))
        return list((await session.exec(statement.order_by(col(TrainingRequest.id)))).all())


async def alike_in(session: AsyncSession, project_id: UUID) -> set[UUID]:
    return {each.need.id for group in await demanded_together(session, project_id) for each in group.needs}


async def test_chosen_needs_become_requests_with_one_reference(
    office: Office, wanting: Wanting, lead: httpx.AsyncClient
) -> None:
    page = page_of(await lead.get(f"/booking/projects/{office.project_id}/demand"))
    assert {tag["value"] for tag in page.tags("input", type="checkbox")} >= {str(need) for need in wanting.needs}
    form = page_of(await lead.get(together(office, wanting)))
    sent = await lead.post(together(office, wanting), data=form.typed() | ASKED | {"language": "sv"})
    assert sent.status_code == 303, sent.text
    one, other = await requests_for(office, wanting)
    assert one.pool is not None
    assert one.pool == other.pool
    assert {one.state, other.state} == {"submitted"}
    assert {one.employer_id, other.employer_id} == {each.id for each in wanting.employers}
    again = await lead.post(together(office, wanting), data=form.typed() | ASKED | {"language": "sv", "_key": "k" * 16})
    assert "0 of the 2 chosen needs still lack a way" in page_of(again, 422).text or "None of the chosen" in again.text
    async with office.database.sessions() as session:
        assert await chosen_needs(session, office.project_id, wanting.needs) == []
    assert one.pool in page_of(await lead.get(f"/booking/requests/{one.id}")).text


async def test_a_program_sends_them_together_too(office: Office, wanting: Wanting) -> None:
    body = ASKED | {"needs": [str(need) for need in wanting.needs], "minutes": 960}
    body.pop("hours")
    answer = await office.ask("lead").post(f"projects/{office.project_id}/pooled-requests", json=body)
    assert answer.status_code == 201, answer.text
    assert [str(each.id) for each in await requests_for(office, wanting)] == answer.json()["request_ids"]
    late = await office.ask("lead").post(f"projects/{office.project_id}/pooled-requests", json=body)
    assert (late.status_code, late.json()["code"]) == (409, "needs_not_open")


async def test_a_joint_run_keeps_seats_and_a_need_is_met_by_booking_them(
    office: Office, wanting: Wanting, lead: httpx.AsyncClient
) -> None:
    async with office.transaction() as session:
        plan = CoursePlan("Svetsning, grund", "Grunder", CourseKind.OPEN)
        course = await add_course(session, office.clock, project_id=office.project_id, plan=plan)
    address = f"/booking/courses/{course.id}/runs/new?{wanting.chosen}"
    page_of(await lead.get(together(office, wanting))).tag("a", href=address)
    form = page_of(await lead.get(address))
    persons = sum([(await _need(office, need)).persons for need in wanting.needs])
    assert form.tag("input", name="capacity")["value"] == str(persons)
    day = (office.clock.now() + timedelta(days=30)).date().isoformat()
    first = {"day": day, "starts_at": "09:00", "ends_at": "16:00", "mode": "physical", "place": "Magasinet, Falun"}
    typed = form.typed() | {f"meetings.0.{name}": value for name, value in first.items()}
    typed = {name: value for name, value in typed.items() if not name.startswith("meetings.") or value}
    sent = await lead.post(address, data=typed | {"municipality": "2080"})
    assert sent.status_code == 303, sent.text
    run_id = UUID(str(sent.headers["location"]).rpartition("/")[2])
    employer, need_id = wanting.employers[0], wanting.needs[0]
    async with office.transaction() as session:
        pools = await kept_pools(session, run_id)
        assert {pool.employer_id for pool in pools} == {each.id for each in wanting.employers}
        alike = await alike_in(session, office.project_id)
        assert not alike & set(wanting.needs)
        need = await session.get_one(Need, need_id)
        assert (need.met_by, need.offered_run_id) == ("nothing", run_id)
    shown = page_of(await lead.get(f"/booking/training-plans/{need.plan_id}"))
    shown.tag("a", href=f"/booking/runs/{run_id}/book?employer={employer.id}&need={need_id}")
    assert "Seats are kept on the run" in shown.text
    async with office.transaction() as session:
        order = Order(office.project_id, employer.id, run_id, 1, employer.people[:1], need_id=need_id)
        await book_seats(session, office.clock, order)
    assert (await _need(office, need_id)).met_by == "seats"
    async with office.transaction() as session:
        await cancel_run_with_bookings(session, office.clock, run_id, reason="illness")
        alike = await alike_in(session, office.project_id)
        assert set(wanting.needs) <= alike, "what was kept on a run that is called off is looked for again"


async def _need(office: Office, need_id: UUID) -> Need:
    async with office.database.sessions() as session:
        return await session.get_one(Need, need_id)
