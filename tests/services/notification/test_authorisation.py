"""Every route, asked by every role, about what is theirs and what is somebody else's."""

from collections.abc import Mapping

import httpx
import pytest
from fastapi import FastAPI

from services.notification.authorisation import PERMITS
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from tests.services.notification.office import Office
from tests.services.notification.world import Place, settle_in
from tests.support.web import LocalIssuer, anonymous_client, problem_of, signed_client

R = Role
REASON = {"reason": "Ringt i stället"}
WISH = {"preferences": [{"kind": "booking_confirmed", "channel": "email", "wanted": True}]}

# route: (method, address with the place's fields, body, who may: a role, or "self" for the contact's own data)
ROUTES: Mapping[str, tuple[str, str, object, set[str]]] = {
    "list_notifications_of_person": ("GET", "/people/{contact}/notifications", None, {"contact", "operator"}),
    "list_notifications_of_supplier": ("GET", "/suppliers/{supplier_id}/notifications", None, {"supplier", "operator"}),
    "list_notifications_about_employer": (
        "GET",
        "/employers/{employer_id}/notifications",
        None,
        {"contact", "coach", "project_lead", "operator"},
    ),
    "list_notifications_about_project": (
        "GET",
        "/projects/{project_id}/notifications",
        None,
        {"project_lead", "procurement_officer", "operator"},
    ),
    "get_notification": (
        "GET",
        "/notifications/{request_id}",
        None,
        {"contact", "coach", "project_lead", "procurement_officer", "operator"},
    ),
    "send_notification_again": ("POST", "/notifications/{request_id}/send-again", REASON, {"operator"}),
    "cancel_notification": ("POST", "/notifications/{booking_id}/cancel", REASON, {"operator"}),
    "get_preferences_of_person": ("GET", "/people/{contact}/preferences", None, {"contact", "operator"}),
    "set_preferences_of_person": ("PUT", "/people/{contact}/preferences", WISH, {"contact", "operator"}),
    "get_preferences_of_supplier": ("GET", "/suppliers/{supplier_id}/preferences", None, {"supplier", "operator"}),
    "set_preferences_of_supplier": ("PUT", "/suppliers/{supplier_id}/preferences", WISH, {"supplier", "operator"}),
    "list_suppressed_addresses": ("GET", "/suppressions", None, {"operator"}),
    "suppress_address": (
        "POST",
        "/suppressions",
        {"channel": "email", "address": "nobody@example.test", "note": "Ville inte ha mer post"},
        {"operator"},
    ),
    "lift_suppressed_address": ("POST", "/suppressions/{suppression_id}/lift", None, {"operator"}),
    "list_wordings": ("GET", "/wordings", None, {"project_lead", "operator"}),
}
PUBLIC = {"take_sms_receipt", "unsubscribe"}
EVERYWHERE = {"operator"}
WITHOUT_OBJECT = {"list_suppressed_addresses", "suppress_address", "list_wordings"}
SELF_ROUTES = {"list_notifications_of_person", "get_preferences_of_person", "set_preferences_of_person"}


async def ask(app: FastAPI, issuer: LocalIssuer, sub: str, route: str, fields: Mapping[str, object]) -> httpx.Response:
    method, address, body, _ = ROUTES[route]
    async with signed_client(app, issuer, sub) as client:
        return await client.request(method, "/notification/api/v1" + address.format(**fields), json=body)


def fields_of(place: Place, suppression_id: object) -> dict[str, object]:
    return {**vars(place), "contact": place.people[Role.CONTACT], "suppression_id": suppression_id}


def test_every_route_is_walked() -> None:
    assert set(ROUTES) | PUBLIC == set(PERMITS)


async def test_every_role_gets_what_is_its_own_and_nothing_else(
    office: Office, app: FastAPI, issuer: LocalIssuer
) -> None:
    here, there = await settle_in(office, Place("here")), await settle_in(office, Place("there"))
    wrong: list[str] = []
    for route, (_, _, _, allowed) in ROUTES.items():
        for role in Role:
            for place, owner in ((here, "own"), (there, "other")):
                suppression_id = (
                    await a_suppression(app, issuer, here) if "{suppression_id}" in ROUTES[route][1] else None
                )
                answer = await ask(app, issuer, here.sub(role), route, fields_of(place, suppression_id))
                expected = expected_of(route, role, owner, allowed)
                if answer.status_code not in expected:
                    wrong.append(f"{route} by {role} of {owner}: {answer.status_code}, not {sorted(expected)}")
    assert not wrong, "\n".join(wrong)


def expected_of(route: str, role: Role, owner: str, allowed: set[str]) -> set[int]:
    """Return the statuses that are right: allowed (409 where the state says no), hidden, or not for the role."""
    done = {200, 201, 409}
    if role.value in allowed and (owner == "own" or role.value in EVERYWHERE or route in WITHOUT_OBJECT):
        return done
    roles = PERMITS[route].roles
    if role in roles or PERMITS[route].own:
        return {404}
    return {403}


async def a_suppression(app: FastAPI, issuer: LocalIssuer, place: Place) -> object:
    body = {"channel": "email", "address": f"{new_id()}@example.test", "note": "Ville inte ha mer post"}
    async with signed_client(app, issuer, place.sub(Role.OPERATOR)) as client:
        answer = await client.post("/notification/api/v1/suppressions", json=body)
    assert answer.status_code == 201, answer.text
    return answer.json()["suppression_id"]


async def test_an_invitation_is_seen_by_its_supplier_the_officers_and_the_operator_alone(
    office: Office, app: FastAPI, issuer: LocalIssuer
) -> None:
    here, there = await settle_in(office, Place("here")), await settle_in(office, Place("there"))
    may = {Role.SUPPLIER, Role.PROCUREMENT_OFFICER, Role.OPERATOR}
    for role in Role:
        async with signed_client(app, issuer, here.sub(role)) as client:
            answer = await client.get(f"/notification/api/v1/notifications/{here.invitation_id}")
            assert (answer.status_code == 200) == (role in may), role
            other = await client.get(f"/notification/api/v1/notifications/{there.invitation_id}")
            assert (other.status_code == 200) == (role is Role.OPERATOR), role


async def test_a_projects_list_hides_who_was_invited_from_all_but_the_buyers_officers(
    office: Office, app: FastAPI, issuer: LocalIssuer
) -> None:
    here = await settle_in(office, Place("here"))
    kinds = {}
    for role in (Role.PROJECT_LEAD, Role.PROCUREMENT_OFFICER, Role.OPERATOR):
        async with signed_client(app, issuer, here.sub(role)) as client:
            answer = await client.get(f"/notification/api/v1/projects/{here.project_id}/notifications")
            kinds[role] = {item["kind"] for item in answer.json()["items"]}
    assert kinds == {
        Role.PROJECT_LEAD: {"booking_confirmed", "request_in_case"},
        Role.PROCUREMENT_OFFICER: {"request_in_case", "invitation_to_bid"},
        Role.OPERATOR: {"booking_confirmed", "request_in_case", "invitation_to_bid"},
    }


@pytest.mark.parametrize("route", sorted(ROUTES))
async def test_nobody_gets_in_without_a_token(app: FastAPI, route: str) -> None:
    method, address, body, _ = ROUTES[route]
    ids = dict.fromkeys(
        ("contact", "supplier_id", "employer_id", "project_id", "request_id", "booking_id", "suppression_id"), new_id()
    )
    async with anonymous_client(app) as client:
        answer = await client.request(method, "/notification/api/v1" + address.format(**ids), json=body)
    problem_of(answer, 401, "not_signed_in")


async def test_whoever_has_no_copy_of_an_account_has_no_access(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "stranger") as client:
        problem_of(await client.get("/notification/api/v1/wordings"), 403, "no_account")
