"""Who holds a run: those whom it names alone, or every trainer of its project; and what there is to read for it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.queries import find_attendance_scope, find_meeting_scope
from services.booking.bookings.commands import cancel_booking
from services.booking.bookings.runs import cancel_run_with_bookings
from services.booking.courses.holding import Material, keep_materials, name_trainers
from services.booking.courses.queries import find_run_scope, materials_of, run_history, trainers_named
from services.booking.courses.repeating import Series
from services.booking.seats.copying import copy_run
from shared.contracts.booking import RunCancelled, RunStaffed
from shared.kernel.calendar import legal_day
from shared.kernel.errors import InvalidInput, Refused
from shared.kernel.grants import Actor, Grant, Scope
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from tests.services.booking.held import Held, a_held_meeting
from tests.services.booking.offered import TODAY, a_clock, a_grant, a_person, a_project, a_run, told
from tests.services.booking.registered import Office
from tests.support.pages import TOKEN, browser, known_visitors, page_of
from tests.support.web import problem_of

SLIDES = Material("Bilder", "https://example.test/bilder")


def test_a_scope_that_names_trainers_opens_to_no_other_trainer() -> None:
    project, own, other = new_id(), new_id(), new_id()
    open_to_all, named = Scope(projects=frozenset({project})), frozenset({own})
    narrow = Scope(projects=frozenset({project}), trainers=named)
    for role in (Role.TRAINER, Role.PROJECT_LEAD):
        grant = Grant(role, project_id=project)
        assert Actor(other, (grant,)).reaches(open_to_all, role)
        assert Actor(own, (grant,)).reaches(narrow, role)
        assert Actor(other, (grant,)).reaches(narrow, role) is (role is Role.PROJECT_LEAD)
    # being named opens nothing without the role
    assert not Actor(own, (Grant(Role.TRAINER, project_id=new_id()),)).reaches(narrow, Role.TRAINER)
    assert open_to_all.within(narrow).trainers == named


async def test_those_who_are_named_and_those_who_no_longer_are_hear_of_it(session: AsyncSession) -> None:
    project = await a_project(session)
    run = await a_run(session, project)
    one, other, nobody = [await a_person(session, name=name) for name in ("Tea", "Tor", "Ny")]
    for person in (one, other):
        await a_grant(session, person, Role.TRAINER, project_id=project.id)
    await name_trainers(session, a_clock(), run.id, [one])
    await name_trainers(session, a_clock(), run.id, [other])
    with pytest.raises(Refused):
        await name_trainers(session, a_clock(), run.id, [other])
    with pytest.raises(InvalidInput):
        await name_trainers(session, a_clock(), run.id, [other, nobody])
    first, second = [fact for fact in await told(session) if isinstance(fact, RunStaffed)]
    assert [(each.part, each.id) for each in first.recipients] == [("trainer", one)]
    assert [(each.part, each.id) for each in second.recipients] == [("trainer", other), ("former_trainer", one)]
    changes = [(row.change, row.after) for row in await run_history(session, run.id)][1:]
    assert changes == [
        ("trainer_named", str(one)),
        ("trainer_released", str(one)),
        ("trainer_named", str(other)),
    ]
    await cancel_run_with_bookings(session, a_clock(), run.id, reason="Salen är stängd")
    cancelled = next(fact for fact in await told(session) if isinstance(fact, RunCancelled))
    assert [(each.part, each.id) for each in cancelled.recipients] == [("trainer", other)]


async def test_links_are_kept_in_their_order_and_go_with_a_copy(session: AsyncSession) -> None:
    run = await a_run(session, await a_project(session))
    book = Material("Boken", "https://example.test/bok")
    await keep_materials(session, a_clock(), run.id, [SLIDES, book])
    await keep_materials(session, a_clock(), run.id, [book, SLIDES], version=2)
    with pytest.raises(Refused):
        await keep_materials(session, a_clock(), run.id, [book, SLIDES])
    (copy,) = await copy_run(session, a_clock(), run.id, Series(TODAY + timedelta(days=70)))
    assert [row.title for row in await materials_of(session, copy.id)] == ["Boken", "Bilder"]
    await keep_materials(session, a_clock(), run.id, [])
    assert not await materials_of(session, run.id)
    assert not await trainers_named(session, copy.id)
    assert legal_day(copy.starts_at) == TODAY + timedelta(days=70)


@dataclass(frozen=True)
class Stage:
    """A meeting to come with people booked, and two trainers of its project, by what they sign in as."""

    held: Held
    own: str
    other: str
    lead: str
    named: UUID


@pytest.fixture
async def stage(office: Office) -> AsyncIterator[Stage]:
    async with office.transaction() as session:
        held = await a_held_meeting(session)
    tag = f"{held.run.reference}"
    own, other, lead = f"own-{tag}", f"other-{tag}", f"lead-{tag}"
    named = await office.holder(own, Grant(Role.TRAINER, project_id=held.project.id))
    await office.holder(other, Grant(Role.TRAINER, project_id=held.project.id))
    await office.holder(lead, Grant(Role.PROJECT_LEAD, project_id=held.project.id))
    with known_visitors(office.app):
        yield Stage(held, own, other, lead, named)


async def test_a_run_that_names_a_trainer_is_closed_to_the_others(office: Office, stage: Stage) -> None:
    run, meeting = stage.held.run.id, stage.held.meeting.id
    reads = [f"runs/{run}/bookings", f"meetings/{meeting}/attendance", f"runs/{run}/materials", f"runs/{run}/trainers"]
    for trainer in (stage.own, stage.other):
        for address in reads:
            assert (await office.ask(trainer).get(address)).status_code == 200, address
    answer = await office.ask(stage.lead).put(f"runs/{run}/trainers", json={"trainers": [str(stage.named)]})
    assert answer.json() == {"items": [{"person_id": str(stage.named), "name": f"Per {stage.own}"}]}, answer.text
    for address in reads:
        assert (await office.ask(stage.own).get(address)).status_code == 200, address
        assert (await office.ask(stage.lead).get(address)).status_code == 200, address
        problem_of(await office.ask(stage.other).get(address), 404, "not_found")
    marks = {"marks": [{"person_id": str(stage.held.people[0]), "minutes": 60}]}
    problem_of(await office.ask(stage.other).post(f"meetings/{meeting}/attendance", json=marks), 404, "not_found")
    problem_of(await office.ask(stage.other).post(f"runs/{run}/calendars"), 404, "not_found")
    seen = {}
    for trainer in (stage.own, stage.other, stage.lead):
        async with browser(office.app, trainer) as client:
            listed = page_of(await client.get("/booking/meetings"))
            public = page_of(await client.get(f"/booking/runs/{run}"))
        own_meeting = bool(listed.tags("a", href=f"/booking/meetings/{meeting}/attendance"))
        seen[trainer] = (own_meeting, "Who is booked" in public.text)
    assert seen == {stage.own: (True, True), stage.other: (False, False), stage.lead: (True, True)}
    async with office.database.sessions() as session:
        for scope in (await find_run_scope(session, run), await find_meeting_scope(session, meeting)):
            assert scope is not None
            assert scope.trainers == frozenset({stage.named})
        assert await find_attendance_scope(session, run) is None


async def test_the_lead_names_trainers_and_keeps_links_on_pages(office: Office, stage: Stage) -> None:
    run = stage.held.run
    led = f"/booking/projects/{run.project_id}/runs/{run.id}"
    async with browser(office.app, stage.lead) as lead:
        page = page_of(await lead.get(f"{led}/trainers"))
        sent = {"_csrf": TOKEN, "version": page.typed()["version"], "trainers": str(stage.named)}
        answer = await lead.post(f"{led}/trainers", data=sent)
        assert (answer.status_code, answer.headers["location"]) == (303, led), answer.text
        page = page_of(await lead.get(f"{led}/materials"))
        link = {"materials.0.title": "Bilder", "materials.0.address": "http://example.test/bilder"}
        wrong = page_of(await lead.post(f"{led}/materials", data={**page.typed(), "_csrf": TOKEN, **link}), 422)
        assert wrong.tag("input", id="field-materials.0.address")["aria-invalid"] == "true"
        link["materials.0.address"] = SLIDES.address
        answer = await lead.post(f"{led}/materials", data={**page.typed(), "_csrf": TOKEN, **link})
        assert answer.status_code == 303, answer.text
        shown = page_of(await lead.get(led))
        for expected in (f"Trainers Per {stage.own}", f"Per {stage.own} was named to hold it", "material: 1, before"):
            assert expected in shown.text, expected
        assert shown.tags("a", href=SLIDES.address)
        assert not page_of(await lead.get(f"/booking/runs/{run.id}")).tags("a", href=SLIDES.address)
    async with browser(office.app, stage.own) as trainer:
        assert page_of(await trainer.get(f"/booking/runs/{run.id}/bookings")).tags("a", href=SLIDES.address)


async def test_those_who_are_booked_read_the_links_until_they_cancel(office: Office, stage: Stage) -> None:
    booking, employer = stage.held.booking, stage.held.employer
    async with office.transaction() as session:
        await keep_materials(session, office.clock, stage.held.run.id, [SLIDES])
    contact = f"contact-{booking.reference}"
    await office.holder(contact, Grant(Role.CONTACT, employer_id=employer.id))
    link = office.app.state.links.token(stage.held.meeting.id, stage.held.people[0])
    async with browser(office.app, contact) as client, browser(office.app) as nobody:
        assert page_of(await client.get(f"/booking/bookings/{booking.id}")).tags("a", href=SLIDES.address)
        assert page_of(await nobody.get(f"/booking/mine/{link}")).tags("a", href=SLIDES.address)
        assert not page_of(await nobody.get(f"/booking/runs/{stage.held.run.id}")).tags("a", href=SLIDES.address)
        asked = office.ask(contact)
        assert len((await asked.get(f"bookings/{booking.id}/materials")).json()["items"]) == 1
        async with office.transaction() as session:
            await cancel_booking(session, office.clock, booking.id, reason="Fler order")
        assert not (await asked.get(f"bookings/{booking.id}/materials")).json()["items"]
        assert not page_of(await client.get(f"/booking/bookings/{booking.id}")).tags("a", href=SLIDES.address)
