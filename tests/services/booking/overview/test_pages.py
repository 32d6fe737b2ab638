"""The first page, the list of employers and an employer's own page: who sees which, and what is told to do next."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.registered import Office, a_workplace, an_organisation_number
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of

START, EMPLOYERS = "/booking/", "/booking/employers"


@pytest.fixture(autouse=True)
async def visitors(office: Office) -> AsyncIterator[None]:
    with known_visitors(office.app):
        yield


async def _named(office: Office, sub: str, name: str, **changes: Any) -> str:  # noqa: ANN401 - as the body
    body = changes | {"employer": _employer(name)}
    return str((await office.registered(sub, **body))["employer"]["employer_id"])


def _employer(name: str) -> dict[str, Any]:
    return {
        "name": name,
        "organisation_number": an_organisation_number(),
        "kind": "company",
        "undertaking": {"employees": 20, "turnover": "small", "balance": "small"},
    }


async def _rows(page: httpx.AsyncClient, address: str = EMPLOYERS) -> list[str]:
    links = page_of(await page.get(address)).tags("a")
    hrefs = [str(link["href"]) for link in links if link.get("data-hx-boost") == "false"]
    return [href.removeprefix(f"{EMPLOYERS}/") for href in hrefs if href.startswith(f"{EMPLOYERS}/")]


async def test_nobody_signed_in_sees_the_front_page_and_a_stranger_what_she_can_do(office: Office) -> None:
    async with browser(office.app) as nobody, browser(office.app, "a-stranger") as stranger:
        assert "Training for working life" in page_of(await nobody.get(START)).text
        welcome = page_of(await stranger.get(START))
    for address in ("/booking/invitation", "/booking/employers/new", "/procurement/supplier"):
        welcome.tag("a", class_="main", href=address)


async def test_only_whom_booking_does_not_know_is_led_to_a_suppliers_invitations(office: Office) -> None:
    await _named(office, "knows-the-way", "Vägvisaren AB")
    told = {}
    for sub in (None, "a-pure-supplier", "knows-the-way"):
        async with browser(office.app, sub) as page:
            told[sub] = page_of(await page.get("/booking/runs")).tags("a", href="/procurement/supplier")
    assert [len(told[sub]) for sub in told] == [0, 1, 0]


async def test_a_contact_sees_her_employer_with_the_next_step_on_top(office: Office) -> None:
    employer = await _named(office, "start-contact", "Startverkstaden AB")
    async with browser(office.app, "start-contact") as contact:
        start = page_of(await contact.get(START))
        whole = page_of(await contact.get(f"{EMPLOYERS}/{employer}"))
    here = f"/booking/projects/{office.project_id}/employers/{employer}"
    for page in (start, whole):
        assert page.tags("a", class_="main")[0]["href"] == f"{here}/people/paste"
        assert page.text.index("Add the people who will take part") < page.text.index("Tell what you need to learn")
    assert "You act for" not in whole.text
    for told in ("Startverkstaden AB", "Falun", "Lyftet", "Private company", "The employer was registered in Lyftet"):
        assert told in whole.text


async def test_one_who_acts_for_an_employer_is_told_so_on_its_page(office: Office) -> None:
    employer = await _named(office, "acted-for", "Ombud AB")
    await office.holder("its-coach", Grant(Role.COACH, project_id=office.project_id))
    await office.holder("its-officer", Grant(Role.PROCUREMENT_OFFICER, buyer_id=office.buyer_id))
    told = {}
    for sub in ("its-coach", "lead", "its-officer"):
        async with browser(office.app, sub) as page:
            told[sub] = page_of(await page.get(f"{EMPLOYERS}/{employer}")).text
    assert "You act for Ombud AB as its coach" in told["its-coach"]
    assert "You act for Ombud AB as project lead" in told["lead"]
    assert "You act for" not in told["its-officer"]
    assert "Contacts and coaches" not in told["its-officer"]
    async with browser(office.app, "its-coach", language="sv") as page:
        assert "Du handlar för Ombud AB som företagscoach" in page_of(await page.get(f"{EMPLOYERS}/{employer}")).text


async def test_the_list_holds_the_employers_that_one_reaches_and_no_others(office: Office) -> None:
    own = await _named(office, "list-contact", "Listans AB")
    elsewhere = await _named(office, "list-elsewhere", "Annorstädes AB", project_id=office.other_project_id)
    await office.holder("list-coach", Grant(Role.COACH, project_id=office.project_id))
    async with browser(office.app, "list-contact") as contact, browser(office.app, "list-coach") as coach:
        assert await _rows(contact) == [own]
        of_coach = await _rows(coach, f"{EMPLOYERS}?limit=200")
        assert own in of_coach
        assert elsewhere not in of_coach
        assert (await coach.get(f"{EMPLOYERS}/{elsewhere}")).status_code == 404
    async with browser(office.app, "operator") as operator:
        assert {own, elsewhere} <= set(await _rows(operator, f"{EMPLOYERS}?limit=200"))


async def test_the_list_is_searched_filtered_and_sorted(office: Office) -> None:
    await office.holder("filters", Grant(Role.COACH, project_id=office.project_id))
    first = await _named(office, "filters-1", "Åmotfors Filter AB", workplaces=[a_workplace(municipality="2085")])
    second = await _named(office, "filters-2", "Borlänge Filter AB")
    async with browser(office.app, "filters") as coach:
        assert await _rows(coach, f"{EMPLOYERS}?q=filter") == [second, first]
        assert await _rows(coach, f"{EMPLOYERS}?q=filter&sort=-name") == [first, second]
        number = (await office.ask("filters").get(f"employers/{first}")).json()["organisation_number"]
        for written in (number, number.replace("-", "")):
            assert await _rows(coach, f"{EMPLOYERS}?q={written}") == [first]
        assert await _rows(coach, f"{EMPLOYERS}?q=filter&sort=registered") == [first, second]
        assert await _rows(coach, f"{EMPLOYERS}?q=filter&municipality=2085&membership=&project=") == [first]
        assert await _rows(coach, f"{EMPLOYERS}?q=filter&membership=left") == []
        assert "No employer matches" in page_of(await coach.get(f"{EMPLOYERS}?q=filter&membership=left")).text
        paged = page_of(await coach.get(f"{EMPLOYERS}?q=filter&limit=1"))
        following = str(paged.tag("a", rel="next")["href"])
        assert await _rows(coach, following) == [first]
        file = await coach.get(f"{EMPLOYERS}?q=filter&format=csv")
        assert "Borlänge Filter AB" in file.text
        assert (await coach.get(f"{EMPLOYERS}?sort=nonsense")).status_code == 422


async def test_a_list_costs_as_many_statements_for_many_employers_as_for_one(office: Office) -> None:
    await office.holder("counts", Grant(Role.COACH, project_id=office.project_id))
    for number in range(4):
        await _named(office, f"counts-{number}", f"Räknat {number} AB")
    async with browser(office.app, "counts") as coach:
        sent = []
        for limit in (1, 4):
            with statements_of(office.database) as statements:
                page_of(await coach.get(f"{EMPLOYERS}?q=Räknat&limit={limit}"))
            sent.append(len(statements))
        with statements_of(office.database) as statements:
            page_of(await coach.get(START))
    assert sent[0] == sent[1] <= 10, sent
    assert len(statements) <= 10


async def test_the_history_tells_who_and_as_what(office: Office) -> None:
    employer = await _named(office, "historian", "Historien AB")
    await office.holder("history-coach", Grant(Role.COACH, project_id=office.project_id))
    body = {"name": "Andra verkstaden", "municipality": "2081"}
    answer = await office.ask("history-coach").post(f"employers/{employer}/workplaces", json=body)
    assert answer.status_code == 201, answer.text
    async with browser(office.app, "historian") as contact:
        text = page_of(await contact.get(f"{EMPLOYERS}/{employer}/history")).text
    assert "Per history-coach, coach" in text
    assert "Eva Sandström, contact" in text
    assert text.index("A workplace was added") < text.index("The employer was registered in Lyftet")


async def test_nothing_is_told_to_one_who_has_no_such_role(office: Office) -> None:
    await office.holder("just-trains", Grant(Role.TRAINER, project_id=office.project_id))
    async with browser(office.app, "just-trains") as trainer:
        assert (await trainer.get(EMPLOYERS)).status_code == 403
        assert "Nothing is before you" in page_of(await trainer.get(START)).text
