"""Forms of an employer: registering, its details, its workplaces, and joining and leaving projects."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from services.booking.projects.commands import load_project, project_id_of
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.registered import Office, a_project_input, an_organisation_number
from tests.support.pages import browser, known_visitors, page_of

EMPLOYERS = "/booking/employers"


@pytest.fixture(autouse=True)
async def visitors(office: Office) -> AsyncIterator[None]:
    with known_visitors(office.app):
        yield


def _filled(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of the form
    return {
        "name": "Formulär AB",
        "organisation_number": an_organisation_number(),
        "kind": "company",
        "employees": "12",
        "turnover": "small",
        "balance": "small",
        "workplace": "Verkstaden",
        "municipality": "2080",
        "given_name": "Fia",
        "family_name": "Form",
        "email": "fia@example.test",
    } | changes


async def test_an_employer_is_registered_by_somebody_new_who_becomes_its_contact(office: Office) -> None:
    async with browser(office.app, "registers") as page:
        chosen = page_of(await page.get(f"{EMPLOYERS}/new"))
        assert "Privata företag med arbetsställe i Dalarna" in chosen.text
        address = f"{EMPLOYERS}/new?project={office.project_id}"
        assert chosen.tags("a", href=address)
        hidden = page_of(await page.get(address)).typed()
        answer = await page.post(address, data=hidden | _filled())
        assert answer.status_code == 303, answer.text
        shown = page_of(await page.get(answer.headers["location"]))
        again = await page.post(address, data=hidden | _filled(name="Again AB"))
    assert "Formulär AB" in shown.text
    assert "Fia Form – contact" in shown.text
    assert "already sent once" in page_of(again, 422).text


async def test_what_the_conditions_refuse_is_told_at_its_fields_and_nothing_typed_is_lost(office: Office) -> None:
    address = f"{EMPLOYERS}/new?project={office.project_id}"
    async with browser(office.app, "is-refused") as page:
        hidden = page_of(await page.get(address)).typed()
        wrong = _filled(kind="association", municipality="0180", name="Utanför AB")
        answer = page_of(await page.post(address, data=hidden | wrong), 422)
    assert "Stockholms län" in answer.text
    for field in ("kind", "municipality"):
        assert answer.tag("select", name=field)["aria-invalid"] == "true"
    assert answer.tag("input", name="name")["value"] == "Utanför AB"
    assert answer.tag("input", name="name").get("aria-invalid") is None


async def test_a_field_that_is_missing_is_told_in_the_readers_language(office: Office) -> None:
    address = f"{EMPLOYERS}/new?project={office.project_id}"
    async with browser(office.app, "misses", language="sv") as page:
        hidden = page_of(await page.get(address)).typed()
        answer = page_of(await page.post(address, data=hidden | _filled(name="", organisation_number="12")), 422)
    assert answer.tag("input", name="organisation_number")["aria-invalid"] == "true"
    assert answer.tag("input", name="name")["aria-invalid"] == "true"
    assert "Fyll i" in answer.text


async def test_details_are_changed_and_a_version_that_has_passed_is_told(office: Office) -> None:
    employer = (await office.registered("changes-it"))["employer"]["employer_id"]
    address = f"{EMPLOYERS}/{employer}/change"
    change = {"name": "Nya namnet AB", "employees": "300", "turnover": "large", "balance": "large"}
    async with browser(office.app, "changes-it") as page:
        hidden = page_of(await page.get(address)).typed()
        answer = await page.post(address, data=hidden | change)
        assert answer.headers.get("location") == f"{EMPLOYERS}/{employer}", answer.text
        shown = page_of(await page.get(answer.headers["location"])).text
        stale = page_of(await page.get(address)).typed() | {"version": hidden["version"]}
        late = await page.post(address, data=stale | change | {"name": "För sent AB"})
    assert "Nya namnet AB" in shown
    assert "Changed: the name, what is stated of the undertaking" in shown
    assert "changed by somebody else" in page_of(late, 422).text


async def test_a_workplace_is_added_and_says_where_it_takes_part(office: Office) -> None:
    employer = (await office.registered("adds-place"))["employer"]["employer_id"]
    address = f"{EMPLOYERS}/{employer}/workplaces/new"
    async with browser(office.app, "adds-place") as page:
        for name, municipality in (("Lagret", "2081"), ("Kontoret", "0180")):
            hidden = page_of(await page.get(address)).typed()
            data = hidden | {"name": name, "municipality": municipality, "sni_version": "2025"}
            assert (await page.post(address, data=data)).status_code == 303
        shown = page_of(await page.get(f"{EMPLOYERS}/{employer}")).text
    assert "Lagret Borlänge" in shown
    assert "No project: its conditions leave it out" in shown


async def test_a_project_that_would_say_no_says_why_before_it_is_asked(office: Office) -> None:
    async with office.transaction() as session:
        await load_project(
            session, office.clock, a_project_input(code="norrut", name="Norrut", eligibility={"counties": ["25"]})
        )
    north = project_id_of("norrut")
    employer = (await office.registered("joins"))["employer"]["employer_id"]
    async with browser(office.app, "joins") as page:
        address = f"{EMPLOYERS}/{employer}/join"
        choice = page_of(await page.get(address))
        assert choice.tags("a", href=f"{address}?project={north}")
        assert not choice.tags("a", href=f"{address}?project={office.project_id}"), "it takes part there already"
        refused = page_of(await page.get(f"{address}?project={north}"))
        assert "Norrbottens län" in refused.text
        assert not refused.tags("button", class_="main")
        way = f"{address}?project={office.other_project_id}"
        hidden = page_of(await page.get(way)).typed()
        assert (await page.post(way, data=hidden)).status_code == 303
        assert "The employer joined Steget" in page_of(await page.get(f"{EMPLOYERS}/{employer}")).text


async def test_leaving_says_what_it_does_and_asks_why(office: Office) -> None:
    employer = (await office.registered("leaves"))["employer"]["employer_id"]
    address = f"/booking/projects/{office.project_id}/employers/{employer}/leave"
    async with browser(office.app, "leaves") as page:
        asked = page_of(await page.get(address))
        assert "What is booked already stays until you cancel it" in asked.text
        assert page_of(await page.post(address, data=asked.typed()), 422).tag("textarea", name="reason")
        answer = await page.post(address, data=asked.typed() | {"reason": "We have trained everybody"})
        assert answer.status_code == 303, answer.text
        shown = page_of(await page.get(f"{EMPLOYERS}/{employer}")).text
    for told in ("Has left", "The employer left Lyftet", "We have trained everybody"):
        assert told in shown


async def test_a_coach_may_add_a_workplace_but_not_join_or_leave(office: Office) -> None:
    employer = (await office.registered("coached"))["employer"]["employer_id"]
    await office.holder("may-not", Grant(Role.COACH, project_id=office.project_id))
    within = f"/booking/projects/{office.project_id}/employers/{employer}"
    async with browser(office.app, "may-not") as coach:
        assert "You act for" in page_of(await coach.get(f"{EMPLOYERS}/{employer}/workplaces/new")).text
        assert (await coach.get(f"{EMPLOYERS}/{employer}/join")).status_code == 403
        assert (await coach.get(f"{within}/leave")).status_code == 403
        page = page_of(await coach.get(f"{EMPLOYERS}/{employer}"))
    hrefs = {link.get("href") for link in page.tags("a")}
    assert f"{EMPLOYERS}/{employer}/workplaces/new" in hrefs
    assert not hrefs & {f"{EMPLOYERS}/{employer}/join", f"{within}/leave"}
