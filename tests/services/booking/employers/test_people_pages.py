"""An employer's people on pages: one by one, many at once or nobody, and what becomes of each."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.registered import Office, a_workplace
from tests.support.pages import PageText, browser, known_visitors, page_of
from tests.support.statements import statements_of


@pytest.fixture(autouse=True)
async def visitors(office: Office) -> AsyncIterator[None]:
    with known_visitors(office.app):
        yield


async def _people(office: Office, sub: str, **changes: Any) -> str:  # noqa: ANN401 - any field of the body
    employer = (await office.registered(sub, **changes))["employer"]["employer_id"]
    return f"/booking/projects/{office.project_id}/employers/{employer}/people"


async def _pasted(office: Office, sub: str, address: str, lines: str, status: int = 303) -> PageText | None:
    async with browser(office.app, sub) as page:
        hidden = page_of(await page.get(f"{address}/paste")).typed()
        answer = await page.post(f"{address}/paste", data=hidden | {"lines": lines})
    assert answer.status_code == status, answer.text
    return page_of(answer, status) if status != 303 else None


async def test_a_person_is_added_and_stands_in_the_list(office: Office) -> None:
    address = await _people(office, "adds-one")
    async with browser(office.app, "adds-one") as page:
        empty = page_of(await page.get(address))
        assert "Nobody has been added yet" in empty.text
        hidden = page_of(await page.get(f"{address}/new")).typed()
        person = {"given_name": "Örjan", "family_name": "Åström", "phone": "070-174 06 05", "language": "sv"}
        answer = await page.post(f"{address}/new", data=hidden | person | {"status_at_entry": "employed"})
        assert answer.status_code == 303, answer.text
        listed = page_of(await page.get(answer.headers["location"]))
    for told in ("1 person was added.", "Åström, Örjan", "+46 70 174 06 05", "Missing"):
        assert told in listed.text


async def test_a_wrong_number_is_told_at_its_field(office: Office) -> None:
    address = await _people(office, "adds-wrong")
    async with browser(office.app, "adds-wrong") as page:
        hidden = page_of(await page.get(f"{address}/new")).typed()
        person = {"given_name": "Lo", "family_name": "Ny", "personal_number": "19900602-2398", "email": "x"}
        answer = page_of(await page.post(f"{address}/new", data=hidden | person), 422)
        assert answer.tag("input", name="email")["aria-invalid"] == "true"
        answer = page_of(await page.post(f"{address}/new", data=hidden | person | {"email": ""}), 422)
    assert answer.tag("input", name="personal_number")["aria-invalid"] == "true"
    assert answer.tag("input", name="given_name")["value"] == "Lo"


async def test_many_are_added_at_once(office: Office) -> None:
    address = await _people(office, "pastes")
    await _pasted(office, "pastes", address, "Anna Berg;anna@example.test\nKim Ek\t\n".replace("\t", ";"))
    async with browser(office.app, "pastes") as page:
        listed = page_of(await page.get(address)).text
    assert listed.index("Berg, Anna") < listed.index("Ek, Kim")


async def test_a_wrong_line_is_shown_and_nobody_is_added_until_all_are_right(office: Office) -> None:
    address = await _people(office, "pastes-wrong")
    lines = "Anna Berg;anna@example.test\nEnsam;fel"
    answer = await _pasted(office, "pastes-wrong", address, lines, 422)
    assert answer is not None
    assert "2 Ensam Both first and last name are needed." in answer.text
    assert "Ensam;fel" in answer.text, "what was pasted is kept"
    async with browser(office.app, "pastes-wrong") as page:
        assert "Nobody has been added yet" in page_of(await page.get(address)).text
    await _pasted(office, "pastes-wrong", address, lines.replace("Ensam;fel", "Inte Ensam;"))


async def test_a_list_that_is_pasted_twice_adds_nobody_again(office: Office) -> None:
    address = await _people(office, "pastes-twice")
    lines = "Anna Berg;anna@example.test;;19900602-2397\nBo Ek;bo@example.test"
    await _pasted(office, "pastes-twice", address, lines)
    answer = await _pasted(office, "pastes-twice", address, f"Cia Ny;cia@example.test\n{lines}", 422)
    assert answer is not None
    assert answer.text.count("among the employer's people already") == 2
    async with browser(office.app, "pastes-twice") as page:
        assert "Ny, Cia" not in page_of(await page.get(address)).text


async def test_the_list_is_searched_and_filtered_and_costs_the_same_for_many(office: Office) -> None:
    address = await _people(
        office, "searches", workplaces=[a_workplace(), a_workplace(name="Borlänge", municipality="2081")]
    )
    async with browser(office.app, "searches") as page:
        form = page_of(await page.get(f"{address}/paste"))
        places = [str(tag["value"]) for tag in form.tags("option") if tag["value"]]
        data = form.typed() | {"lines": "Anna Berg;a@example.test\nBo Ek;b@example.test;;19900602-2397"}
        assert (await page.post(f"{address}/paste", data=data)).status_code == 422, "the workplace must be chosen"
        assert (await page.post(f"{address}/paste", data=data | {"workplace_id": places[0]})).status_code == 303

        async def found(query: str) -> list[str]:
            text = page_of(await page.get(f"{address}?{query}")).text
            return [name for name in ("Berg, Anna", "Ek, Bo") if name in text]

        assert await found("q=berg") == ["Berg, Anna"]
        assert await found("number=true") == ["Ek, Bo"]
        assert await found(f"workplace={places[1]}") == []
        assert await found("sort=-name") == ["Berg, Anna", "Ek, Bo"]
        sent = []
        for limit in (1, 2):
            with statements_of(office.database) as statements:
                await page.get(f"{address}?limit={limit}")
            sent.append(len(statements))
        file = (await page.get(f"{address}?format=csv")).text
    assert sent[0] == sent[1] <= 10, sent
    assert "Bo,Ek,b@example.test" in file


async def _one(office: Office, sub: str, address: str, **changes: Any) -> str:  # noqa: ANN401 - any field of the body
    api = address.removeprefix("/booking/")
    employer = api.split("/")[3]
    workplace = (await office.ask(sub).get(f"employers/{employer}")).json()["workplaces"][0]["workplace_id"]
    body = {"given_name": "Eli", "family_name": "Lind", "workplace_id": workplace} | changes
    answer = await office.ask(sub).post(api, json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["person_id"])


async def test_a_person_is_changed_and_her_history_tells_by_whom_and_no_value(office: Office) -> None:
    address = await _people(office, "changes")
    person = await _one(office, "changes", address, email="eli@example.test")
    async with browser(office.app, "changes") as page:
        hidden = page_of(await page.get(f"{address}/{person}/change")).typed()
        answer = await page.post(
            f"{address}/{person}/change", data=hidden | {"email": "ny@example.test", "language": "en"}
        )
        assert answer.status_code == 303, answer.text
        shown = page_of(await page.get(f"{address}/{person}")).text
    assert "ny@example.test" in shown
    assert "Changed: e-mail, language" in shown
    assert "Eva Sandström, contact" in shown
    assert "eli@example.test" not in shown


async def test_ending_the_work_says_what_it_does_and_is_recorded(office: Office) -> None:
    address = await _people(office, "ends")
    person = await _one(office, "ends", address)
    async with browser(office.app, "ends") as page:
        asked = page_of(await page.get(f"{address}/{person}/end"))
        assert "Seats that she has already stay hers" in asked.text
        early = page_of(await page.post(f"{address}/{person}/end", data=asked.typed() | {"ends_on": "2001-01-01"}), 422)
        assert early.tag("input", name="ends_on")["aria-invalid"] == "true"
        assert (await page.post(f"{address}/{person}/end", data=asked.typed())).status_code == 303
        assert "Lind, Eli" not in page_of(await page.get(address)).text
    async with office.database.engine.connect() as connection:
        rows = await connection.exec_driver_sql(
            "SELECT change, actor_id IS NOT NULL FROM person_history WHERE person_id = $1 ORDER BY id DESC LIMIT 1",
            (person,),
        )
        assert tuple(rows.one()) == ("employment ended", True)


async def test_nothing_tells_who_a_protected_person_is(office: Office) -> None:
    address = await _people(office, "protects")
    person = await _one(office, "protects", address, given_name="Hemlig", family_name="Person", protected=True)
    async with browser(office.app, "protects") as page:
        shown = [address, f"{address}/{person}", f"{address}/{person}/end", f"{address}?format=csv"]
        texts = [(await page.get(each)).text for each in shown]
        found = page_of(await page.get(f"{address}?q=Hemlig")).text
    assert not any("Hemlig" in text for text in texts)
    assert "Participant with protected identity" in texts[0]
    assert "Nobody matches" in found


async def test_an_invitation_is_shown_once_and_lets_its_person_in(office: Office) -> None:
    address = await _people(office, "invites")
    person = await _one(office, "invites", address)
    async with browser(office.app, "invites") as page:
        asked = page_of(await page.get(f"{address}/{person}/invite"))
        made = page_of(await page.post(f"{address}/{person}/invite", data=asked.typed()))
    link = next(word for word in made.text.split() if "/booking/invitation?code=" in word)
    async with browser(office.app, "eli-herself") as page:
        form = page_of(await page.get(link))
        wrong = page_of(await page.post(link, data=form.typed() | {"code": "x" * 32}), 422)
        assert wrong.tag("input", name="code")["aria-invalid"] == "true"
        assert (await page.post(link, data=form.typed())).headers.get("location") == "/booking/"
        assert page_of(await page.get("/booking/me")).tag("input", name="given_name")["value"] == "Eli"


async def test_a_coach_acts_openly_and_may_not_invite(office: Office) -> None:
    address = await _people(office, "of-coach")
    person = await _one(office, "of-coach", address)
    await office.holder("open-coach", Grant(Role.COACH, project_id=office.project_id))
    await office.holder("foreign-coach", Grant(Role.COACH, project_id=office.other_project_id))
    async with browser(office.app, "open-coach") as coach:
        for each in (address, f"{address}/new", f"{address}/paste", f"{address}/{person}", f"{address}/{person}/end"):
            assert "You act for Falu Mekaniska AB as its coach" in page_of(await coach.get(each)).text, each
        assert (await coach.get(f"{address}/{person}/invite")).status_code == 403
    async with browser(office.app, "foreign-coach") as coach:
        assert (await coach.get(address)).status_code == 404
