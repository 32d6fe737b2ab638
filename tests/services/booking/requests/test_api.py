from itertools import count
from typing import Any

import httpx
import pytest

from shared.kernel.grants import Grant
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from tests.services.booking.registered import Office
from tests.support.web import problem_of

_serials = count(1)


def a_wish(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of it
    return {
        "title": "Svetsning i aluminium",
        "description": "Sex personer som svetsar stål i dag",
        "persons": 6,
        "minutes": 960,
        "mode": "physical",
        "municipality": "2080",
        "wished_from": "2026-12-01",
        "wished_to": "2026-12-31",
    } | changes


async def a_contact(office: Office) -> tuple[httpx.AsyncClient, str]:
    """Return the client of an employer's contact, and the address of its requests."""
    sub = f"asker-{next(_serials)}"
    employer_id = (await office.registered(sub))["employer"]["employer_id"]
    return office.ask(sub), f"projects/{office.project_id}/employers/{employer_id}/training-requests"


async def an_officer(office: Office) -> httpx.AsyncClient:
    sub = f"officer-{next(_serials)}"
    await office.holder(sub, Grant(Role.PROCUREMENT_OFFICER, buyer_id=office.buyer_id))
    return office.ask(sub)


async def test_a_request_is_drafted_edited_submitted_and_withdrawn(office: Office) -> None:
    contact, collection = await a_contact(office)
    drafted = await contact.post(collection, json=a_wish())
    assert (drafted.status_code, drafted.json()["state"]) == (201, "draft")
    assert drafted.json()["buyer_id"] == str(office.buyer_id)
    address = f"training-requests/{drafted.json()['request_id']}"
    assert drafted.json()["wished_time"] == "any"
    edited = await contact.patch(address, json=a_wish(persons=8, wished_time="weekends", version=1))
    assert (edited.json()["persons"], edited.json()["version"]) == (8, 2)
    assert edited.json()["wished_time"] == "weekends"
    problem_of(await contact.patch(address, json=a_wish(version=1)), 409, "version_passed", field="version")
    assert (await contact.post(f"{address}/submit")).json()["state"] == "submitted"
    problem_of(await contact.post(f"{address}/submit"), 409, "training_request_not_draft")
    problem_of(await contact.patch(address, json=a_wish()), 409, "training_request_cannot_move")
    withdrawn = await contact.post(f"{address}/withdraw", json={"reason": "Behövs inte"})
    assert withdrawn.json()["state"] == "withdrawn"
    assert (await contact.get(collection)).json()["items"] == [withdrawn.json()]
    events = (await contact.get(f"{address}/history")).json()["items"]
    assert [event["change"] for event in events] == ["drafted", "edited", "submitted", "withdrawn"]
    assert events[-1]["reason"] == "Behövs inte"


async def test_an_officer_of_the_buyer_sees_it_once_it_is_submitted(office: Office) -> None:
    contact, collection = await a_contact(office)
    address = f"training-requests/{(await contact.post(collection, json=a_wish())).json()['request_id']}"
    officer = await an_officer(office)
    problem_of(await officer.get(address), 404, "not_found")
    await contact.post(f"{address}/submit")
    assert (await officer.get(address)).json()["state"] == "submitted"
    problem_of(await officer.post(f"{address}/withdraw", json={"reason": "Nej tack"}), 403, "role")


async def test_another_employers_request_is_as_if_it_did_not_exist(office: Office) -> None:
    contact, collection = await a_contact(office)
    other, _ = await a_contact(office)
    address = f"training-requests/{(await contact.post(collection, json=a_wish())).json()['request_id']}"
    for answer in (await other.get(address), await other.post(f"{address}/submit"), await other.get(collection)):
        problem_of(answer, 404, "not_found")


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"persons": 0}, "invalid_input", "persons"),
        ({"municipality": "9980"}, "invalid_input", "municipality"),
        ({"wished_to": "2026-11-30"}, "period_backwards", "wished_to"),
        ({"buyer_id": str(new_id())}, "buyer_unknown", "buyer_id"),
        ({"need_id": str(new_id())}, "need_unknown", "need_id"),
        ({"title": ""}, "invalid_input", "title"),
    ],
)
async def test_a_wrong_field_is_named(office: Office, changes: dict[str, Any], code: str, field: str) -> None:
    contact, collection = await a_contact(office)
    problem_of(await contact.post(collection, json=a_wish(**changes)), 422, code, field=field)
