"""A run with a minimum: who is warned and asked, what is decided, and when bookings of a run are taken."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import httpx
import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.bookings.commands import Change, Order, book_seats, cancel_booking, change_booking
from services.booking.bookings.deciding import follow_up_minimum, uphold_run
from services.booking.bookings.runs import cancel_run_with_bookings, change_run_with_bookings
from services.booking.courses.changing import change_terms
from services.booking.courses.queries import find_due_decisions, run_history
from services.booking.courses.terms import NO_TERMS, Terms
from services.booking.seats.waiting import Wish
from services.booking.waiting.commands import accept_offer, join_queue
from shared.contracts.booking import RunConfirmed, RunDecisionAsked
from shared.kernel.errors import Conflict, KurslotsError, Refused
from shared.kernel.roles import Role
from tests.services.booking.offered import (
    IN_TWO_WEEKS,
    AProject,
    a_clock,
    a_grant,
    a_meeting,
    a_person,
    a_plan,
    a_project,
    a_run,
    an_employer,
    told,
)
from tests.services.booking.registered import Office
from tests.support.pages import TOKEN, browser, known_visitors, page_of
from tests.support.statements import statements_of

DECIDED = date(2026, 12, 1)
WARNED_AT = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
ASKED_AT = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
NEEDED = Terms(8, DECIDED)
OPENS, CLOSES = datetime(2026, 11, 30, 9, 0, tzinfo=UTC), datetime(2026, 12, 4, 11, 0, tzinfo=UTC)


async def test_leads_and_the_coaches_concerned_are_warned_and_then_the_leads_are_asked(session: AsyncSession) -> None:
    project = await a_project(session)
    employer, other = await an_employer(session, project), await an_employer(session, project)
    lead, coach, whole, others = [await a_person(session, name=name) for name in ("Lo", "Sara", "Mia", "Bo")]
    await a_grant(session, lead, Role.PROJECT_LEAD, project_id=project.id)
    await a_grant(session, coach, Role.COACH, project_id=project.id, employer_id=employer.id)
    await a_grant(session, whole, Role.COACH, project_id=project.id)
    await a_grant(session, others, Role.COACH, project_id=project.id, employer_id=other.id)
    run = await a_run(session, project, plan=a_plan(terms=NEEDED))
    await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 5))
    early = WARNED_AT - timedelta(seconds=1)
    assert not await follow_up_minimum(session, a_clock(early), run.id)
    assert run.id in await find_due_decisions(session, WARNED_AT, 100)
    assert await follow_up_minimum(session, a_clock(WARNED_AT), run.id)
    assert not await follow_up_minimum(session, a_clock(WARNED_AT), run.id)
    assert await follow_up_minimum(session, a_clock(ASKED_AT), run.id)
    assert run.id not in await find_due_decisions(session, IN_TWO_WEEKS, 100)
    warned, asked = [fact for fact in await told(session) if isinstance(fact, RunDecisionAsked)]
    assert (warned.booked, warned.minimum, warned.decide_on, warned.is_due) == (5, 8, DECIDED, False)
    assert {each.id for each in warned.recipients} == {lead, coach, whole}
    assert (asked.is_due, [each.id for each in asked.recipients]) == (True, [lead])
    assert run.state == "scheduled"


async def test_nobody_is_asked_about_a_run_that_enough_have_booked_or_that_is_called_off(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    enough, called_off = [await a_run(session, project, plan=a_plan(terms=NEEDED)) for _ in range(2)]
    booking = await book_seats(session, a_clock(), Order(project.id, employer.id, enough.id, 8))
    assert not await follow_up_minimum(session, a_clock(WARNED_AT), enough.id)
    await cancel_run_with_bookings(session, a_clock(), called_off.id, reason="Läraren är sjuk")
    assert not await follow_up_minimum(session, a_clock(ASKED_AT), called_off.id)
    await cancel_booking(session, a_clock(), booking.id, reason="Fler order")
    assert await follow_up_minimum(session, a_clock(ASKED_AT), enough.id)


async def test_a_run_is_held_anyway_for_a_reason_and_those_who_booked_hear_of_it(session: AsyncSession) -> None:
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project, plan=a_plan(terms=NEEDED))
    await book_seats(session, a_clock(), Order(project.id, employer.id, run.id, 5))
    await uphold_run(session, a_clock(), run.id, reason="Läraren är bokad")
    last = (await run_history(session, run.id))[-1]
    assert (last.change, last.before, last.after, last.reason) == ("upheld", "8", "5", "Läraren är bokad")
    upheld = next(fact for fact in await told(session) if isinstance(fact, RunConfirmed))
    assert [(each.part, each.id) for each in upheld.recipients] == [("contact", employer.contact)]
    assert not await follow_up_minimum(session, a_clock(ASKED_AT), run.id)
    with pytest.raises(Refused):
        await uphold_run(session, a_clock(), run.id, reason="Läraren är bokad")
    await change_terms(session, a_clock(), run.id, Terms(9, DECIDED), reason="En till behövs")
    assert await follow_up_minimum(session, a_clock(ASKED_AT), run.id)


async def test_a_run_that_is_moved_before_its_day_of_decision_is_decided_on_earlier(session: AsyncSession) -> None:
    project = await a_project(session)
    run = await a_run(session, project, plan=a_plan(terms=NEEDED))
    sooner = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)
    await change_run_with_bookings(session, a_clock(), run.id, meetings=[a_meeting(sooner)], reason="Salen")
    assert run.decide_on == date(2026, 11, 26)
    assert run.next_check_at == datetime(2026, 11, 26, 9, 0, tzinfo=UTC)


async def test_terms_are_changed_each_with_its_row_of_the_history(session: AsyncSession) -> None:
    project = await a_project(session)
    run = await a_run(session, project)
    terms = Terms(8, DECIDED, registration_closes=CLOSES)
    await change_terms(session, a_clock(), run.id, terms, reason="Läraren frågar", version=1)
    rows = (await run_history(session, run.id))[1:]
    assert {(row.change, row.before, row.after) for row in rows} == {
        ("minimum", None, "8"),
        ("decide_on", None, "2026-12-01"),
        ("registration_closes", None, CLOSES.isoformat()),
    }
    with pytest.raises(Refused):
        await change_terms(session, a_clock(), run.id, terms, reason="Läraren frågar")
    with pytest.raises(Conflict):
        await change_terms(session, a_clock(), run.id, NO_TERMS, reason="Läraren frågar", version=1)
    await change_terms(session, a_clock(), run.id, NO_TERMS, reason="Läraren frågar")
    assert (run.minimum, run.decide_on, run.next_check_at) == (None, None, None)


async def test_seats_are_booked_and_queued_for_while_registration_is_open(session: AsyncSession) -> None:
    project = await a_project(session)
    employer, other = await an_employer(session, project), await an_employer(session, project)
    terms = Terms(registration_opens=OPENS, registration_closes=CLOSES)
    run = await a_run(session, project, plan=a_plan(capacity=4, terms=terms))
    order, wish = Order(project.id, employer.id, run.id, 3), Wish(project.id, other.id, run.id, seats=3, least=3)

    async def refused(now: datetime) -> set[str]:
        codes = set()
        for act in (lambda: book_seats(session, a_clock(now), order), lambda: join_queue(session, a_clock(now), wish)):
            with pytest.raises(KurslotsError) as error:
                await act()
            codes.add(error.value.code)
        return codes

    assert await refused(OPENS - timedelta(seconds=1)) == {"registration_not_open"}
    booking = await book_seats(session, a_clock(OPENS), order)
    entry = await join_queue(session, a_clock(OPENS), wish)
    assert await refused(CLOSES) == {"registration_closed"}
    with pytest.raises(KurslotsError) as error:
        await change_booking(session, a_clock(CLOSES), booking.id, Change(seats=4))
    assert error.value.code == "registration_closed"
    # what was waited for in time is offered and taken after the close
    await cancel_booking(session, a_clock(CLOSES), booking.id, reason="Fler order")
    placed = await accept_offer(session, a_clock(CLOSES), entry.id)
    assert placed.booking.seats == 3


@pytest.fixture
async def lead(office: Office) -> AsyncIterator[httpx.AsyncClient]:
    with known_visitors(office.app):
        async with browser(office.app, "lead") as lead:
            yield lead


async def test_the_lead_sees_what_is_missing_changes_the_terms_and_decides(
    office: Office, lead: httpx.AsyncClient
) -> None:
    project = AProject(office.project_id, (office.buyer_id,))
    async with office.transaction() as session:
        run = await a_run(session, project, clock=office.clock)
        employer = await an_employer(session, project)
        await book_seats(session, office.clock, Order(project.id, employer.id, run.id, 5))
    led = f"/booking/projects/{office.project_id}/runs/{run.id}"
    form = page_of(await lead.get(f"{led}/terms"))
    given = {**form.typed(), "_csrf": TOKEN, "minimum": "8", "registration_closes": "2026-12-04T12:00", "reason": "Ja!"}
    wrong = page_of(await lead.post(f"{led}/terms", data=given), 422)
    assert wrong.tag("input", id="field-decide_on")["aria-invalid"] == "true"
    answer = await lead.post(f"{led}/terms", data={**given, "decide_on": "2026-12-01"})
    assert (answer.status_code, answer.headers["location"]) == (303, led), answer.text
    shown = page_of(await lead.get(led))
    for expected in (
        "5 of 8 needed, to be decided by 1 Dec 2026.",
        "Registration closes: 4 December 2026 12:00, before",
    ):
        assert expected in shown.text, shown.text
    public = page_of(await lead.get(f"/booking/runs/{run.id}"))
    assert "if 8 seats are booked; decided 1 Dec 2026" in public.text
    short = f"/booking/projects/{office.project_id}/runs?when=short"
    listed = page_of(await lead.get(short))
    assert "5 of 8 needed by 1 Dec 2026" in listed.text
    decide = page_of(await lead.get(f"{led}/decide"))
    assert "1 contacts of employers that have booked" in decide.text
    answer = await lead.post(
        f"{led}/decide", data={**decide.typed(), "_csrf": TOKEN, "reason": "The teacher is booked"}
    )
    assert (answer.status_code, answer.headers["location"]) == (303, led), answer.text
    with statements_of(office.database) as sent:
        shown = page_of(await lead.get(led))
    assert len(sent) <= 16
    assert "5 of 8: decided to be held anyway" in shown.text
    assert not page_of(await lead.get(short)).tags("a", href=led)
    assert "Decided to be held though 5 of 8 needed seats are booked" in shown.text


async def test_everyone_reads_when_registration_is_open(office: Office, lead: httpx.AsyncClient) -> None:
    project = AProject(office.project_id, (office.buyer_id,))
    terms = Terms(registration_opens=OPENS, registration_closes=CLOSES)
    async with office.transaction() as session:
        run = await a_run(session, project, clock=office.clock, plan=a_plan(terms=terms))
    page = page_of(await lead.get(f"/booking/runs/{run.id}"))
    assert "Registration has not opened yet" in page.text
    assert not page.tags("a", href=f"/booking/runs/{run.id}/book")
    catalogue = page_of(await lead.get("/booking/runs"))
    assert "Registration opens 30 Nov 2026, 10:00" in catalogue.text
    listed = (await lead.get("/booking/api/v1/runs")).json()["items"]
    own = next(each for each in listed if each["run_id"] == str(run.id))
    assert own["registration_closes"] == "2026-12-04T11:00:00Z"
    async with browser(office.app) as nobody:
        told_to_machines = (await nobody.get(f"/booking/runs/{run.id}")).text
    assert '"availabilityStarts":"2026-11-30T09:00:00+00:00"' in told_to_machines.replace(" ", "")
