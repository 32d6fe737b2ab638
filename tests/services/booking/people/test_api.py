"""Invitations, roles and people through the API: nobody reaches further than her own roles."""

from datetime import timedelta
from typing import Any

from sqlalchemy import text

from services.booking.projects.commands import load_project, project_id_of
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.registered import Office, a_project_input
from tests.support.web import problem_of

NEWCOMER = {"given_name": "Nora", "family_name": "Ny", "email": "nora@example.test"}


async def _appointed(office: Office, role: str = "coach", **parts: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of it
    body = {"role": role, "person": NEWCOMER} | parts
    response = await office.ask("lead").post(f"projects/{office.project_id}/grants", json=body)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_somebody_signed_in_without_an_account_is_told_so(office: Office) -> None:
    me = (await office.ask("nobody-yet").get("me")).json()
    assert me == {"issuer": "embedded", "subject": "nobody-yet", "person": None, "grants": [], "participations": []}


async def test_an_invitation_makes_the_sign_in_the_persons_once(office: Office) -> None:
    code = (await _appointed(office))["invitation_code"]
    accepted = await office.ask("nora").post("invitations/accept", json={"code": code})
    assert accepted.json()["given_name"] == "Nora"
    me = (await office.ask("nora").get("me")).json()
    assert [(grant["role"], grant["project_id"]) for grant in me["grants"]] == [("coach", str(office.project_id))]
    again = await office.ask("somebody-else").post("invitations/accept", json={"code": code})
    problem_of(again, 409, "invitation_used")


async def test_an_invitation_ends_after_two_weeks(office: Office) -> None:
    code = (await _appointed(office))["invitation_code"]
    office.clock.advance(timedelta(days=14))
    try:
        response = await office.ask("late").post("invitations/accept", json={"code": code})
    finally:
        office.clock.advance(timedelta(days=-14))
    problem_of(response, 409, "invitation_over")


async def test_a_new_invitation_replaces_the_earlier_one(office: Office) -> None:
    appointed = await _appointed(office)
    person = appointed["grant"]["person_id"]
    newer = (await office.ask("lead").post(f"people/{person}/invitations")).json()["code"]
    earlier = await office.ask("replaced").post("invitations/accept", json={"code": appointed["invitation_code"]})
    problem_of(earlier, 404, "invitation_unknown")
    assert (await office.ask("replaced").post("invitations/accept", json={"code": newer})).status_code == 200
    problem_of(await office.ask("lead").post(f"people/{person}/invitations"), 409, "signs_in_already")


async def test_a_sign_in_belongs_to_one_person(office: Office) -> None:
    code = (await _appointed(office))["invitation_code"]
    problem_of(await office.ask("lead").post("invitations/accept", json={"code": code}), 409, "sign_in_taken")


async def test_a_lead_gives_no_role_that_buys(office: Office) -> None:
    body = {"role": "award_delegate", "buyer_id": str(office.buyer_id), "person": NEWCOMER}
    response = await office.ask("lead").post(f"projects/{office.project_id}/grants", json=body)
    problem_of(response, 403, "role_not_yours_to_give")
    by_operator = await office.ask("operator").post(f"projects/{office.project_id}/grants", json=body)
    assert by_operator.status_code == 201, by_operator.text


async def test_an_officer_is_given_for_a_buyer_of_the_project_alone(office: Office) -> None:
    body = {"role": "procurement_officer", "buyer_id": str(office.project_id), "person": NEWCOMER}
    response = await office.ask("operator").post(f"projects/{office.project_id}/grants", json=body)
    problem_of(response, 422, "buyer_unknown", field="buyer_id")


async def test_somebody_out_of_reach_is_not_to_be_found(office: Office) -> None:
    far = await office.holder("far", Grant(Role.COACH, project_id=office.other_project_id))
    body = {"role": "participant", "person_id": str(far)}
    response = await office.ask("lead").post(f"projects/{office.project_id}/grants", json=body)
    problem_of(response, 404, "person_not_found")


async def test_nobody_invites_a_person_whose_roles_she_could_not_give(office: Office) -> None:
    answer = await office.registered("owner")
    employer, project = answer["employer"]["employer_id"], office.project_id
    body = {"role": "project_lead", "person": NEWCOMER}
    lead = (await office.ask("lead").post(f"projects/{project}/grants", json=body)).json()["grant"]["person_id"]
    as_contact = await office.ask("lead").post(
        f"projects/{project}/employers/{employer}/contacts", json={"person_id": lead}
    )
    assert as_contact.status_code == 201, as_contact.text
    problem_of(await office.ask("owner").post(f"people/{lead}/invitations"), 403, "person_not_yours")
    change = {"version": 99, "email": "taken@example.test"}
    problem_of(await office.ask("owner").patch(f"people/{lead}", json=change), 403, "person_not_yours")


async def test_a_role_taken_back_opens_nothing_any_more(office: Office) -> None:
    answer = await office.registered("leaver")
    employer, project = answer["employer"]["employer_id"], office.project_id
    grants = (await office.ask("lead").get(f"projects/{project}/employers/{employer}/grants")).json()["items"]
    [grant] = grants
    assert (await office.ask("leaver").get(f"employers/{employer}")).status_code == 200
    path = f"projects/{project}/employers/{employer}/grants/{grant['grant_id']}"
    assert (await office.ask("lead").delete(path)).status_code == 204
    assert (await office.ask("lead").delete(path)).status_code == 204
    problem_of(await office.ask("leaver").get(f"employers/{employer}"), 403, "role")


async def test_a_person_changes_herself_and_an_older_copy_is_refused(office: Office) -> None:
    await office.holder("karin", Grant(Role.COACH, project_id=office.project_id))
    me = (await office.ask("karin").get("me")).json()["person"]
    path = f"people/{me['person_id']}"
    change = {"version": me["version"], "phone": "070-174 06 05", "language": "en"}
    changed = (await office.ask("karin").patch(path, json=change)).json()
    assert (changed["phone"], changed["version"]) == ("+46701740605", me["version"] + 1)
    problem_of(await office.ask("karin").patch(path, json=change), 409, "version_passed", field="version")


async def test_erasing_oneself_ends_roles_and_sign_in(office: Office) -> None:
    person = await office.holder("gone", Grant(Role.COACH, project_id=office.project_id))
    erased = await office.ask("gone").post(f"people/{person}/erasure", json={"reason": "I asked for it"})
    assert erased.json() == {"person_id": str(person), "kept": False}
    assert (await office.ask("gone").get("me")).json()["person"] is None
    problem_of(
        await office.ask("operator").post(f"people/{person}/erasure", json={"reason": "again"}), 404, "not_found"
    )


async def test_a_project_for_employers_takes_nobody_in_without_one(office: Office) -> None:
    response = await office.ask("lead").post(f"projects/{office.project_id}/people", json=NEWCOMER)
    problem_of(response, 409, "employer_needed")


async def test_a_participant_may_have_no_employer_where_the_conditions_say_so(office: Office) -> None:
    eligibility = {"kinds": ["municipality"], "persons_without_employer": True}
    async with office.transaction() as session:
        await load_project(session, office.clock, a_project_input(code="centrum", eligibility=eligibility))
    project = project_id_of("centrum")
    await office.holder("lead.centrum", Grant(Role.PROJECT_LEAD, project_id=project))
    lead, people = office.ask("lead.centrum"), f"projects/{project}/people"
    body = NEWCOMER | {"personal_number": "701063-2391", "status_at_entry": "unemployed"}
    added = await lead.post(people, json=body)
    assert added.status_code == 201, added.text
    assert (added.json()["reportable"], added.json()["status_at_entry"]) == (True, "unemployed")
    problem_of(await lead.post(people, json=body), 409, "participant_known", field="personal_number")
    hidden = await lead.post(people, json=NEWCOMER | {"family_name": "Dold", "protected": True})
    assert hidden.json()["family_name"] is None
    assert [each["family_name"] for each in (await lead.get(people)).json()["items"]] == ["Ny", None]
    problem_of(await office.ask("lead").get(people), 404, "not_found")


async def test_who_took_part_is_restricted_and_shown_to_nobody(office: Office) -> None:
    employer = (await office.registered("keeper"))["employer"]
    people = f"projects/{office.project_id}/employers/{employer['employer_id']}/people"
    workplace = employer["workplaces"][0]["workplace_id"]
    asked = office.ask("keeper")
    person = (await asked.post(people, json=NEWCOMER | {"workplace_id": workplace})).json()["person_id"]
    erased = await office.ask("operator").post(f"people/{person}/erasure", json={"reason": "she asked for it"})
    assert erased.json() == {"person_id": person, "kept": True}
    assert (await asked.get(people)).json()["items"] == []
    problem_of(await asked.get(f"{people}/{person}"), 404, "not_found")
    problem_of(await office.ask("lead").get(f"people/{person}"), 404, "not_found")
    async with office.database.engine.connect() as connection:
        query = text("SELECT payload FROM outbox WHERE key = :key ORDER BY id DESC LIMIT 1")
        assert (await connection.execute(query, {"key": person})).scalar_one() is None
