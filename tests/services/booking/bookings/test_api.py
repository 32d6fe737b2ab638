from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any

import httpx
import pytest

from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from tests.services.booking.registered import A_MONDAY, API, Office
from tests.support.web import anonymous_client, problem_of

STARTS = A_MONDAY + timedelta(days=14)
_serials = count(1)


@dataclass
class Company:
    """A registered employer with a person at work, and the client of its contact."""

    id: str
    person: str
    client: httpx.AsyncClient


def a_meeting(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of it
    return {
        "starts_at": STARTS.isoformat(),
        "ends_at": (STARTS + timedelta(hours=6)).isoformat(),
        "mode": "both",
        "place": "Magasinet, Falun",
        "digital_link": "https://mote.example/hemligt",
    } | changes


async def a_run(office: Office, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of it
    lead = office.ask("lead")
    course = await lead.post(
        f"projects/{office.project_id}/courses", json={"title": "Svetsning", "description": "Grunder i svetsning"}
    )
    assert course.status_code == 201, course.text
    body = {"capacity": 8, "municipality": "2080", "meetings": [a_meeting()]} | changes
    run = await lead.post(f"courses/{course.json()['course_id']}/runs", json=body)
    assert run.status_code == 201, run.text
    answer: dict[str, Any] = run.json()
    return answer


async def a_company(office: Office) -> Company:
    sub = f"contact-{next(_serials)}"
    registered = await office.registered(sub)
    employer = registered["employer"]
    client = office.ask(sub)
    added = await client.post(
        f"projects/{office.project_id}/employers/{employer['employer_id']}/people",
        json={
            "given_name": "Nils",
            "family_name": "Ek",
            "workplace_id": employer["workplaces"][0]["workplace_id"],
        },
    )
    assert added.status_code == 201, added.text
    return Company(employer["employer_id"], added.json()["person_id"], client)


def bookings_of(office: Office, company: Company) -> str:
    return f"projects/{office.project_id}/employers/{company.id}/bookings"


async def a_booking(office: Office, company: Company, run: dict[str, Any], **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of it
    body = {"run_id": run["run_id"], "seats": 3, "participants": [company.person]} | changes
    response = await company.client.post(bookings_of(office, company), json=body)
    assert response.status_code == 201, response.text
    answer: dict[str, Any] = response.json()
    return answer


async def test_everyone_sees_the_runs_with_free_seats_and_no_link(office: Office) -> None:
    company, run = await a_company(office), await a_run(office)
    await a_booking(office, company, run)
    async with anonymous_client(office.app) as anyone:
        page = (await anyone.get(f"{API}/projects/{office.project_id}/runs?limit=200")).json()
        shown = next(item for item in page["items"] if item["run_id"] == run["run_id"])
        assert (shown["free_seats"], shown["taken_seats"], shown["capacity"]) == (5, 3, 8)
        assert shown == (await anyone.get(f"{API}/runs/{run['run_id']}")).json()
        assert [meeting["digital_link"] for meeting in shown["meetings"]] == [None]
        courses = (await anyone.get(f"{API}/projects/{office.project_id}/courses?limit=200")).json()
        assert run["course_id"] in [course["course_id"] for course in courses["items"]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"from": "2026-12-07", "to": "2026-12-07"}, True),
        ({"from": "2026-12-08"}, False),
        ({"to": "2026-12-06"}, False),
        ({"municipality": "2080", "mode": "both"}, True),
        ({"municipality": "2081"}, False),
        ({"mode": "digital"}, False),
    ],
)
async def test_runs_are_filtered_by_day_place_and_mode(office: Office, query: dict[str, str], found: bool) -> None:  # noqa: FBT001 - a case of the test
    run = await a_run(office)
    async with anonymous_client(office.app) as anyone:
        response = await anyone.get(f"{API}/projects/{office.project_id}/runs", params=query | {"limit": "200"})
        assert (run["run_id"] in [item["run_id"] for item in response.json()["items"]]) is found


async def test_a_booking_shows_its_seats_and_the_link(office: Office) -> None:
    company, run = await a_company(office), await a_run(office)
    booking = await a_booking(office, company, run)
    assert booking["reference"].startswith("B-")
    assert [(seat["person_id"], seat["name"]) for seat in booking["seats"]] == [
        (company.person, "Nils Ek"),
        (None, None),
        (None, None),
    ]
    assert booking["run"]["meetings"][0]["digital_link"] == "https://mote.example/hemligt"
    assert (await company.client.get(f"bookings/{booking['booking_id']}")).json() == booking
    assert (await company.client.get(bookings_of(office, company))).json()["items"] == [booking]


async def test_a_booking_beyond_capacity_is_refused_with_the_reason(office: Office) -> None:
    company, other, run = await a_company(office), await a_company(office), await a_run(office)
    await a_booking(office, company, run, seats=6)
    body = {"run_id": run["run_id"], "seats": 3}
    problem = problem_of(
        await other.client.post(bookings_of(office, other), json=body), 409, "seats_full", field="seats"
    )
    assert problem["detail"].startswith("Only 2 of 8 seats are free; 3 were asked for.")


async def test_a_repeated_key_gives_the_first_booking_again(office: Office) -> None:
    company, run = await a_company(office), await a_run(office)
    body = {"run_id": run["run_id"], "seats": 2}
    headers = {"idempotency-key": f"booking-{run['run_id']}"}
    answers = [
        (await company.client.post(bookings_of(office, company), json=body, headers=headers)).json() for _ in range(2)
    ]
    assert answers[0] == answers[1]
    async with anonymous_client(office.app) as anyone:
        assert (await anyone.get(f"{API}/runs/{run['run_id']}")).json()["taken_seats"] == 2


async def test_a_booking_is_changed_and_cancelled_and_its_history_says_so(office: Office) -> None:
    company, run = await a_company(office), await a_run(office)
    address = f"bookings/{(await a_booking(office, company, run))['booking_id']}"
    changed = await company.client.patch(address, json={"seats": 2, "participants": [], "version": 1})
    assert (changed.status_code, changed.json()["seat_count"], changed.json()["version"]) == (200, 2, 2)
    problem_of(
        await company.client.patch(address, json={"seats": 4, "version": 1}), 409, "version_passed", field="version"
    )
    cancelled = await company.client.post(f"{address}/cancel", json={"reason": "Fler order"})
    assert (cancelled.json()["state"], cancelled.json()["seats"]) == ("cancelled", [])
    history = (await company.client.get(f"{address}/history")).json()["items"]
    assert [(event["change"], event["seats_before"], event["seats_after"]) for event in history] == [
        ("confirmed", 0, 3),
        ("changed", 3, 2),
        ("cancelled", 2, 0),
    ]
    problem_of(await company.client.post(f"{address}/cancel", json={"reason": "Igen"}), 409, "booking_cannot_move")


async def test_another_employers_booking_is_as_if_it_did_not_exist(office: Office) -> None:
    company, other, run = await a_company(office), await a_company(office), await a_run(office)
    address = f"bookings/{(await a_booking(office, company, run))['booking_id']}"
    problem_of(await other.client.get(address), 404, "not_found")
    problem_of(await other.client.post(f"{address}/cancel", json={"reason": "Elakhet"}), 404, "not_found")
    problem_of(await office.ask("other-lead").get(address), 404, "not_found")
    assert (await office.ask("lead").get(address)).status_code == 200


async def test_the_lead_and_the_trainer_see_the_runs_bookings_and_a_contact_does_not(office: Office) -> None:
    company, run = await a_company(office), await a_run(office)
    booking = await a_booking(office, company, run)
    trainer = f"trainer-{next(_serials)}"
    await office.holder(trainer, Grant(Role.TRAINER, project_id=office.project_id))
    for sub in ("lead", trainer):
        page = (await office.ask(sub).get(f"runs/{run['run_id']}/bookings")).json()
        assert [item["booking_id"] for item in page["items"]] == [booking["booking_id"]]
    problem_of(await company.client.get(f"runs/{run['run_id']}/bookings"), 403, "role")


async def test_a_run_is_changed_and_cancelled_with_its_bookings(office: Office) -> None:
    company, run = await a_company(office), await a_run(office)
    booking = await a_booking(office, company, run)
    lead = office.ask("lead")
    moved = [a_meeting(place="Biblioteket, Falun", meeting_id=run["meetings"][0]["meeting_id"])]
    del moved[0]["digital_link"]  # the run is shown without it
    body = {"meetings": moved, "reason": "Lokalen är upptagen", "version": 1}
    changed = await lead.patch(f"runs/{run['run_id']}", json=body)
    assert (changed.status_code, changed.json()["sequence"], changed.json()["version"]) == (200, 1, 2)
    assert changed.json()["meetings"][0]["digital_link"] == run["meetings"][0]["digital_link"]
    problem_of(await company.client.patch(f"runs/{run['run_id']}", json=body), 403, "role")
    cancelled = await lead.post(f"runs/{run['run_id']}/cancel", json={"reason": "Läraren är sjuk"})
    assert (cancelled.json()["state"], cancelled.json()["taken_seats"]) == ("cancelled", 0)
    seen = (await company.client.get(f"bookings/{booking['booking_id']}")).json()
    assert (seen["state"], seen["cancelled_because"]) == ("cancelled", "Läraren är sjuk")


async def test_seats_are_kept_for_an_employer(office: Office) -> None:
    company, run = await a_company(office), await a_run(office)
    body = {"employer_id": company.id, "seats": 5}
    kept = await office.ask("lead").put(f"runs/{run['run_id']}/kept-seats", json=body)
    assert (kept.status_code, kept.json()["free_seats"], kept.json()["kept_seats"]) == (200, 3, 5)
    booking = await a_booking(office, company, run, seats=6)
    assert [seat["kept"] for seat in booking["seats"]] == [True] * 5 + [False]


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"seats": 0}, "seats"),
        ({"seats": "tre"}, "seats"),
        ({"run_id": "x"}, "run_id"),
        ({"colour": "red"}, "colour"),
        ({"participants": ["x"]}, "participants.0"),
    ],
)
async def test_a_wrong_field_is_named(office: Office, changes: dict[str, Any], field: str) -> None:
    company, run = await a_company(office), await a_run(office)
    body = {"run_id": run["run_id"], "seats": 3} | changes
    problem_of(await company.client.post(bookings_of(office, company), json=body), 422, "invalid_input", field=field)


async def test_a_meeting_far_from_our_time_is_refused(office: Office) -> None:
    run = await a_run(office)
    body = {"capacity": 8, "meetings": [a_meeting(starts_at="0001-01-01T00:00:00+14:00")]}
    answer = await office.ask("lead").post(f"courses/{run['course_id']}/runs", json=body)
    problem_of(answer, 422, "invalid_input", field="meetings.0.starts_at")


async def test_a_protected_participant_has_no_name_in_a_booking(office: Office) -> None:
    company, run = await a_company(office), await a_run(office)
    person = (await company.client.get(f"people/{company.person}")).json()
    protected = await company.client.patch(
        f"people/{company.person}", json={"protected": True, "version": person["version"]}
    )
    assert protected.status_code == 200, protected.text
    booking = await a_booking(office, company, run)
    assert (booking["seats"][0]["person_id"], booking["seats"][0]["name"]) == (company.person, None)
