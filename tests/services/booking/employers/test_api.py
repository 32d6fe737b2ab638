"""Employers register, grow and join through the API; what a project refuses leaves no trace."""

import asyncio
import json
from typing import Any

import httpx
from sqlalchemy import text

from tests.services.booking.registered import Office, a_registration, a_workplace, an_organisation_number
from tests.support.web import problem_of


async def _count(office: Office, table: str) -> int:
    async with office.database.engine.connect() as connection:
        return int((await connection.execute(text(f"SELECT count(*) FROM {table}"))).scalar_one())  # noqa: S608 - words and ids of our own


async def _state(office: Office, employer_id: str) -> list[bytes]:
    async with office.database.engine.connect() as connection:
        query = text("SELECT payload FROM outbox WHERE key = :key ORDER BY id")
        return list((await connection.execute(query, {"key": employer_id})).scalars())


async def _post(office: Office, sub: str, body: dict[str, Any]) -> httpx.Response:
    return await office.ask(sub).post("registrations", json=body)


async def test_a_head_office_in_stockholm_joins_by_its_workplace_in_falun(office: Office) -> None:
    places = [a_workplace(name="Huvudkontor", municipality="0180"), a_workplace(name="Falun")]
    answer = await office.registered("stockholm", workplaces=places)
    workplaces = {each["name"]: each["project_ids"] for each in answer["employer"]["workplaces"]}
    assert workplaces == {"Huvudkontor": [], "Falun": [str(office.project_id)]}
    me = (await office.ask("stockholm").get("me")).json()
    assert [(grant["role"], grant["employer_id"]) for grant in me["grants"]] == [
        ("contact", answer["employer"]["employer_id"])
    ]
    assert (await _state(office, answer["employer"]["employer_id"]))[-1].count(str(office.project_id).encode()) == 1


async def test_a_new_contact_is_told_of_once_and_whole(office: Office) -> None:
    answer = await office.registered("told-once")
    person_id = (await office.ask("told-once").get("me")).json()["person"]["person_id"]
    (told,) = await _state(office, person_id)
    state = json.loads(told)
    assert [account["subject"] for account in state["accounts"]] == ["told-once"]
    assert [(grant["role"], grant["employer_id"]) for grant in state["grants"]] == [
        ("contact", answer["employer"]["employer_id"])
    ]


async def test_somebody_appointed_is_told_of_once_and_with_her_role(office: Office) -> None:
    newcomer = {"given_name": "Nora", "family_name": "Ny", "email": "nora@example.test"}
    body = {"role": "coach", "person": newcomer}
    answer = await office.ask("lead").post(f"projects/{office.project_id}/grants", json=body)
    assert answer.status_code == 201, answer.text
    (told,) = await _state(office, answer.json()["grant"]["person_id"])
    assert [grant["role"] for grant in json.loads(told)["grants"]] == ["coach"]


async def test_a_refused_employer_is_told_every_reason_and_leaves_no_trace(office: Office) -> None:
    body = a_registration(office.project_id, workplaces=[a_workplace(municipality="0180")])
    body["employer"] |= {"kind": "association"}
    tables = ("employers", "persons", "accounts", "workplaces", "undertakings", "outbox", "employer_history")
    before = [await _count(office, table) for table in tables]
    problem = problem_of(await _post(office, "refused", body), 409, "not_eligible")
    assert [(error["code"], error["field"]) for error in problem["errors"]] == [
        ("kind_not_admitted", "employer.kind"),
        ("county_not_admitted", "workplaces.0.municipality"),
    ]
    assert problem["errors"][1]["message"] == (
        "The workplace lies in Stockholms län; the project is for workplaces in Dalarnas län."
    )
    assert [await _count(office, table) for table in tables] == before


async def test_the_reasons_are_told_in_swedish_first(office: Office) -> None:
    body = a_registration(office.project_id, workplaces=[a_workplace(municipality="0180")])
    response = await office.ask("svensk", language="sv").post("registrations", json=body)
    assert response.json()["errors"][0]["message"].startswith("Arbetsstället ligger i Stockholms län")


async def test_a_known_number_is_never_taken_over(office: Office) -> None:
    body = a_registration(office.project_id)
    assert (await _post(office, "first", body)).status_code == 201
    problem_of(await _post(office, "second", body), 409, "employer_known", field="employer.organisation_number")
    assert (await office.ask("second").get("me")).json()["person"] is None


async def test_of_two_who_register_the_same_employer_at_once_one_is_told_that_it_is_known(office: Office) -> None:
    body = a_registration(office.project_id)
    answers = await asyncio.gather(*(_post(office, f"at-once-{number}", body) for number in range(4)))
    assert sorted(answer.status_code for answer in answers) == [201, 409, 409, 409]
    assert {answer.json()["code"] for answer in answers if answer.status_code == 409} == {"employer_known"}


async def test_an_idempotent_registration_answers_the_same_twice(office: Office) -> None:
    body, headers = a_registration(office.project_id), {"Idempotency-Key": "register-once-1"}
    answers = [await office.ask("once").post("registrations", json=body, headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()


async def test_a_sole_traders_number_is_sealed_and_never_told(office: Office) -> None:
    body = a_registration(office.project_id)
    body["employer"] |= {"organisation_number": "640823-3234", "kind": "sole_trader"}
    answer = (await _post(office, "sole", body)).json()
    assert answer["employer"]["organisation_number"] is None
    for payload in await _state(office, answer["employer"]["employer_id"]):
        assert b"640823" not in payload
    async with office.database.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT e::text FROM employers e"))).scalars().all()
    assert not any("640823" in row for row in rows)
    problem_of(await _post(office, "sole-again", body), 409, "employer_known")


async def test_a_kind_that_the_number_contradicts_is_refused(office: Office) -> None:
    body = a_registration(office.project_id)
    body["employer"] |= {"kind": "sole_trader"}
    problem_of(await _post(office, "wrong-kind", body), 422, "kind_and_number", field="employer.kind")


async def test_somebody_new_must_tell_who_she_is(office: Office) -> None:
    problem_of(
        await _post(office, "shy", a_registration(office.project_id, contact=None)),
        422,
        "contact_missing",
        field="contact",
    )


async def test_wrong_numbers_are_told_with_their_fields(office: Office) -> None:
    body = a_registration(office.project_id, workplaces=[a_workplace(cfar="12", sni="abc", municipality="9999")])
    body["employer"]["organisation_number"] = "556036-0794"
    problem = problem_of(await _post(office, "wrong", body), 422, "invalid_input")
    assert {error["field"] for error in problem["errors"]} == {
        "employer.organisation_number",
        "workplaces.0.cfar",
        "workplaces.0.sni",
        "workplaces.0.municipality",
    }


async def test_an_employer_joins_another_project_and_leaves_it(office: Office) -> None:
    employer = (await office.registered("joiner"))["employer"]["employer_id"]
    asked = office.ask("joiner")
    join = {"project_id": str(office.other_project_id)}
    joined = await asked.post(f"employers/{employer}/projects", json=join)
    assert {part["project_id"] for part in joined.json()["projects"]} == {
        str(office.project_id),
        str(office.other_project_id),
    }
    problem_of(await asked.post(f"employers/{employer}/projects", json=join), 409, "membership_cannot_move")
    path = f"projects/{office.other_project_id}/employers/{employer}/leave"
    assert (await asked.post(path, json={"reason": "we are done"})).status_code == 200
    assert (await asked.post(f"employers/{employer}/projects", json=join)).status_code == 201
    history = (await asked.get(f"employers/{employer}/history")).json()["items"]
    assert [row["change"] for row in history] == ["joined", "left", "joined", "registered"]
    assert history[1]["reason"] == "we are done"


async def test_a_new_workplace_takes_part_where_the_conditions_let_it_in(office: Office) -> None:
    employer = (await office.registered("grower"))["employer"]["employer_id"]
    asked = office.ask("grower")
    await asked.post(f"employers/{employer}/workplaces", json=a_workplace(name="Mora", municipality="2062"))
    answer = await asked.post(f"employers/{employer}/workplaces", json=a_workplace(name="Kista", municipality="0180"))
    admitted = {each["name"]: each["project_ids"] for each in answer.json()["workplaces"]}
    assert admitted == {"Falun": [str(office.project_id)], "Mora": [str(office.project_id)], "Kista": []}


async def test_what_is_stated_of_the_undertaking_decides_its_size(office: Office) -> None:
    employer = (await office.registered("bigger"))["employer"]
    undertaking = {"employees": 600, "turnover": "large", "balance": "large", "group_name": "Koncernen"}
    change = {"version": employer["version"], "undertaking": undertaking, "name": "Falu Mekaniska Verkstad AB"}
    changed = (await office.ask("bigger").patch(f"employers/{employer['employer_id']}", json=change)).json()
    assert (changed["undertaking"]["size"], changed["name"]) == ("large", "Falu Mekaniska Verkstad AB")
    stale = await office.ask("bigger").patch(f"employers/{employer['employer_id']}", json=change)
    problem_of(stale, 409, "version_passed")


async def test_the_list_sorts_as_swedish_does_and_pages_visit_everyone_once(office: Office) -> None:
    names = ["Östanå AB", "Ängens AB", "Åbergs AB", "Zetterlunds AB", "Andersson AB"]
    for place, name in enumerate(names):
        body = a_registration(office.other_project_id)
        body["employer"] |= {"name": name, "organisation_number": an_organisation_number()}
        assert (await _post(office, f"sorted-{place}", body)).status_code == 201
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        path = f"projects/{office.other_project_id}/employers"
        page = (await office.ask("other-lead").get(path, params={"limit": "2", **after})).json()
        seen += [item["name"] for item in page["items"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert [name for name in seen if name in names] == [
        "Andersson AB",
        "Zetterlunds AB",
        "Åbergs AB",
        "Ängens AB",
        "Östanå AB",
    ]
    found = (await office.ask("other-lead").get(path, params={"search": "åberg"})).json()
    assert [item["name"] for item in found["items"]] == ["Åbergs AB"]
