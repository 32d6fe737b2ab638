"""From a survey to an agreed plan with needs."""

from typing import Any

from tests.services.booking.registered import Office
from tests.support.web import problem_of

SURVEY: dict[str, Any] = {
    "made_on": "2026-11-20",
    "took_part": "Verkstadschef och två arbetsledare",
    "findings": "Svetsning enligt ny standard saknas.",
    "consulted": "Skyddsombud och klubbordförande",
    "consulted_on": "2026-11-19",
}
NEED: dict[str, Any] = {
    "title": "Svetsning EN ISO 9606",
    "target_group": "Svetsare",
    "persons": 6,
    "minutes": 960,
    "priority": "high",
    "wished_from": "2027-01-10",
    "wished_to": "2027-03-31",
    "wished_mode": "digital",
    "wished_time": "evenings",
}


async def _surveyed(office: Office, sub: str) -> dict[str, Any]:
    employer = (await office.registered(sub))["employer"]["employer_id"]
    path = f"projects/{office.project_id}/employers/{employer}/need-surveys"
    response = await office.ask(sub).post(path, json=SURVEY)
    assert response.status_code == 201, response.text
    return {"path": path, **response.json()}


async def test_a_survey_begins_a_plan_whose_needs_are_agreed(office: Office) -> None:
    survey = await _surveyed(office, "n-one")
    asked = office.ask("n-one")
    plan = f"training-plans/{survey['plan']['plan_id']}"
    problem_of(await asked.patch(plan, json={"state": "agreed", "version": 1}), 409, "plan_empty")
    need = (await asked.post(f"{plan}/needs", json=NEED)).json()
    assert (need["met_by"], need["minutes"], need["priority"]) == ("nothing", 960, "high")
    agreed = (await asked.patch(plan, json={"state": "agreed", "version": 1})).json()
    assert (agreed["state"], agreed["agreed_on"], agreed["version"]) == ("agreed", "2026-11-23", 2)
    problem_of(await asked.post(f"{plan}/needs", json=NEED), 409, "plan_agreed")
    assert (need["wished_mode"], need["wished_time"]) == ("digital", "evenings")
    change = NEED | {"version": need["version"], "persons": 8, "wished_time": "weekends"}
    problem_of(await asked.patch(f"needs/{need['need_id']}", json=change), 409, "plan_agreed")
    problem_of(await asked.patch(plan, json={"state": "agreed", "version": 2}), 409, "training_plan_cannot_move")
    assert (await asked.patch(plan, json={"state": "draft", "version": 2})).status_code == 200
    assert (await asked.patch(f"needs/{need['need_id']}", json=change)).json()["persons"] == 8
    listed = (await asked.get(f"{plan}/needs")).json()["items"]
    assert [(each["persons"], each["wished_mode"], each["wished_time"]) for each in listed] == [
        (8, "digital", "weekends")
    ]
    assert (await asked.get(survey["path"])).json()["items"][0]["plan"]["version"] == 3


async def test_a_survey_is_not_made_tomorrow(office: Office) -> None:
    survey = await _surveyed(office, "n-two")
    body = SURVEY | {"made_on": "2026-11-24"}
    problem_of(await office.ask("n-two").post(survey["path"], json=body), 422, "day_to_come", field="made_on")
    half = SURVEY | {"consulted_on": None}
    problem_of(await office.ask("n-two").post(survey["path"], json=half), 422, "consultation_incomplete")


async def test_a_period_backwards_is_refused(office: Office) -> None:
    survey = await _surveyed(office, "n-three")
    body = NEED | {"wished_from": "2027-04-01"}
    path = f"training-plans/{survey['plan']['plan_id']}/needs"
    problem_of(await office.ask("n-three").post(path, json=body), 422, "period_backwards", field="wished_to")


async def test_another_employers_plan_does_not_exist(office: Office) -> None:
    survey = await _surveyed(office, "n-four")
    await office.registered("n-five")
    problem_of(await office.ask("n-five").get(f"training-plans/{survey['plan']['plan_id']}"), 404, "not_found")


async def test_a_need_is_set_aside_in_words_and_taken_up_again(office: Office) -> None:
    survey = await _surveyed(office, "n-way")
    asked = office.ask("n-way")
    plan = f"training-plans/{survey['plan']['plan_id']}"
    need = (await asked.post(f"{plan}/needs", json=NEED)).json()
    way = f"needs/{need['need_id']}/way"
    aside = {"way": "set_aside", "note": "Uppdraget togs hem", "version": need["version"]}
    problem_of(await asked.put(way, json=aside | {"note": None}), 422, "note_missing")
    settled = (await asked.put(way, json=aside)).json()
    assert (settled["met_by"], settled["met_note"]) == ("set_aside", "Uppdraget togs hem")
    problem_of(await asked.put(way, json=aside), 409, "version_passed")
    again = (await asked.put(way, json={"way": "nothing", "version": settled["version"]})).json()
    assert (again["met_by"], again["met_note"]) == ("nothing", None)
