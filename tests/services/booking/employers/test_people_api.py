"""An employer's people: added once, listed by name, and of a protected one nothing is told."""

from typing import Any

from sqlalchemy import text

from tests.services.booking.registered import Office, a_workplace
from tests.support.web import problem_of


async def _employer(office: Office, sub: str, **changes: Any) -> tuple[str, str]:  # noqa: ANN401 - any field of it
    """Register an employer; return the address of its people and its first workplace."""
    employer = (await office.registered(sub, **changes))["employer"]
    workplace = next(each for each in employer["workplaces"] if each["project_ids"])
    return f"projects/{office.project_id}/employers/{employer['employer_id']}/people", workplace["workplace_id"]


def a_person(workplace: str, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of it
    return {"given_name": "Ylva", "family_name": "Nyström", "workplace_id": workplace} | changes


async def test_a_person_is_added_with_a_number_that_no_answer_tells(office: Office) -> None:
    people, workplace = await _employer(office, "p-one")
    body = a_person(workplace, personal_number="19900602-2397", email="ylva@example.test", phone="0701740605")
    answer = await office.ask("p-one").post(people, json=body)
    assert answer.status_code == 201, answer.text
    assert "2397" not in answer.text.replace(answer.json()["person_id"], "")
    assert answer.json()["reportable"] is True
    assert answer.json()["phone"] == "+46701740605"
    async with office.database.engine.connect() as connection:
        rows = (await connection.execute(text("SELECT p::text FROM persons p"))).scalars().all()
        payloads = (await connection.execute(text("SELECT payload FROM outbox"))).scalars().all()
    assert not any("9006022397" in row for row in rows)
    assert not any(b"2397" in (payload or b"") and b"9006" in (payload or b"") for payload in payloads)


async def test_without_a_number_a_person_cannot_be_reported(office: Office) -> None:
    people, workplace = await _employer(office, "p-two")
    assert (await office.ask("p-two").post(people, json=a_person(workplace))).json()["reportable"] is False


async def test_the_same_person_twice_at_one_employer_is_told(office: Office) -> None:
    people, workplace = await _employer(office, "p-three")
    body = a_person(workplace, personal_number="19121212-1212")
    assert (await office.ask("p-three").post(people, json=body)).status_code == 201
    problem_of(await office.ask("p-three").post(people, json=body), 409, "employee_known", field="personal_number")


async def test_one_person_at_two_employers_is_one_participant(office: Office) -> None:
    number = "194408139089"
    ids = set()
    for sub in ("p-four", "p-five"):
        people, workplace = await _employer(office, sub)
        answer = await office.ask(sub).post(people, json=a_person(workplace, personal_number=number))
        ids.add(answer.json()["person_id"])
    assert len(ids) == 1
    person = ids.pop()
    problem_of(await office.ask("p-five").post(f"people/{person}/invitations"), 403, "person_shared")
    change = {"version": 1, "email": "elsewhere@example.test"}
    problem_of(await office.ask("p-five").patch(f"people/{person}", json=change), 403, "person_shared")
    assert (await office.ask("lead").post(f"people/{person}/invitations")).status_code == 201


async def test_another_name_with_a_known_number_tells_nothing_of_who_has_it(office: Office) -> None:
    people, workplace = await _employer(office, "p-six")
    body = a_person(workplace, personal_number="194408139089", given_name="Någon", family_name="Annan")
    answer = (await office.ask("p-six").post(people, json=body)).json()
    assert (answer["given_name"], answer["email"]) == ("Någon", None)


async def test_a_protected_person_is_listed_without_name_address_or_place_in_the_order(office: Office) -> None:
    people, workplace = await _employer(office, "p-seven")
    asked = office.ask("p-seven")
    for family in ("Berg", "Ek"):
        await asked.post(people, json=a_person(workplace, family_name=family))
    hidden = a_person(workplace, family_name="Dold", email="dold@example.test", protected=True)
    answer = await asked.post(people, json=hidden)
    assert (answer.json()["protected"], answer.json()["family_name"]) == (True, None)
    listed = await asked.get(people)
    assert [person["family_name"] for person in listed.json()["items"]] == [None, "Berg", "Ek"]
    first = await asked.get(people, params={"limit": "1"})
    second = await asked.get(people, params={"limit": "1", "after": first.json()["next"]})
    assert [person["family_name"] for person in second.json()["items"]] == ["Berg"]
    assert "Dold" not in listed.text + first.text + answer.text
    person_id = answer.json()["person_id"]
    shown = await office.ask("p-seven").get(f"people/{person_id}")
    assert (shown.json()["given_name"], shown.json()["email"]) == (None, None)
    lower = {"version": shown.json()["version"], "protected": False}
    problem_of(await asked.patch(f"people/{person_id}", json=lower), 403, "protection_not_yours")
    async with office.database.engine.connect() as connection:
        query = text("SELECT payload FROM outbox WHERE key = :key")
        payloads = (await connection.execute(query, {"key": person_id})).scalars().all()
    assert payloads
    assert not any(b"Dold" in payload or b"dold@" in payload for payload in payloads)


async def test_people_of_a_workplace_that_is_not_let_in_cannot_take_part(office: Office) -> None:
    places = [a_workplace(), a_workplace(name="Kista", municipality="0180")]
    employer = (await office.registered("p-eight", workplaces=places))["employer"]
    outside = next(each["workplace_id"] for each in employer["workplaces"] if not each["project_ids"])
    people = f"projects/{office.project_id}/employers/{employer['employer_id']}/people"
    problem_of(await office.ask("p-eight").post(people, json=a_person(outside)), 409, "workplace_not_admitted")


async def test_another_employers_workplace_is_unknown(office: Office) -> None:
    people, _ = await _employer(office, "p-nine")
    _, elsewhere = await _employer(office, "p-ten")
    response = await office.ask("p-nine").post(people, json=a_person(elsewhere))
    problem_of(response, 422, "workplace_unknown", field="workplace_id")


async def test_who_no_longer_works_there_is_not_listed_and_out_of_reach(office: Office) -> None:
    people, workplace = await _employer(office, "p-eleven")
    asked = office.ask("p-eleven")
    person = (await asked.post(people, json=a_person(workplace))).json()["person_id"]
    assert (await asked.post(f"{people}/{person}/end", json={})).status_code == 204
    assert (await asked.get(people)).json()["items"] == []
    problem_of(await asked.get(f"people/{person}"), 404, "not_found")


async def test_a_lead_ends_a_participation(office: Office) -> None:
    people, workplace = await _employer(office, "p-twelve")
    person = (await office.ask("p-twelve").post(people, json=a_person(workplace))).json()["person_id"]
    path = f"projects/{office.project_id}/people/{person}/end"
    ended = await office.ask("lead").post(path, json={"ends_on": "2026-12-01"})
    assert ended.json()["ends_on"] == "2026-12-01"
    problem_of(
        await office.ask("lead").post(path, json={"ends_on": "2020-01-01"}), 422, "period_backwards", field="ends_on"
    )


async def test_another_employers_people_do_not_exist_for_a_contact(office: Office) -> None:
    people, _ = await _employer(office, "p-thirteen")
    await _employer(office, "p-fourteen")
    problem_of(await office.ask("p-fourteen").get(people), 404, "not_found")
