"""Every route × every role × own and other people's data: the table is what the service does.

A body that no route accepts is sent, so that whoever is let through is told that it is wrong, and nothing is changed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import httpx
import pytest

from services.booking.app import ROUTERS
from services.booking.authorisation import PAGE_PERMITS, PERMITS, SCOPES
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from shared.web.exchange import RouteFacts
from shared.web.gate import route_facts
from tests.services.booking.registered import API, Office
from tests.services.booking.world import World, a_world
from tests.support.web import anonymous_client, problem_of

ROUTES = {facts.name: facts for facts in route_facts(ROUTERS, prefix=API, permits=PERMITS, scopes=SCOPES).values()}
HELD_HERE = tuple(role for role in Role if role is not Role.SUPPLIER)


@dataclass(frozen=True)
class Stage:
    """Two worlds, and a client for each role, held for the first of them."""

    office: Office
    own: World
    other: World
    clients: Mapping[Role, httpx.AsyncClient]


@pytest.fixture(scope="module")
async def stage(office: Office) -> Stage:
    async with office.transaction() as session:
        own, other = await a_world(session), await a_world(session)
    clients: dict[Role, httpx.AsyncClient] = {}
    for role in HELD_HERE:
        await office.holder(f"walk-{role}", own.grants[role])
        clients[role] = office.ask(f"walk-{role}")
    return Stage(office, own, other, clients)


async def _ask(client: httpx.AsyncClient, facts: RouteFacts, ids: Mapping[str, UUID]) -> httpx.Response:
    path = facts.template.format(**ids)
    content: dict[str, Any] = {} if facts.method in {"GET", "DELETE"} else {"json": ["nobody accepts this"]}
    return await client.request(facts.method, f"http://127.0.0.1{path}", **content)


def _passed(response: httpx.Response) -> bool:
    """Whether the gate let the request through, whatever the route thought of it."""
    if response.status_code not in {401, 403, 404}:
        return True
    return response.json()["code"] not in {"not_signed_in", "invalid_token", "no_account", "role", "not_found"}


def test_every_route_has_a_permit_and_every_permit_a_route() -> None:
    assert set(ROUTES) == set(PERMITS)


@pytest.mark.parametrize(
    ("page", "route"),
    [
        ("add_participant", "add_participant"),
        ("end_participation", "end_participation"),
        ("add_employee", "add_employee"),
        ("end_employment", "end_employment"),
        ("invite_employee", "invite_person"),
        ("change_employer", "change_employer"),
        ("join", "join_project"),
        ("leave", "leave_project"),
        ("add_course", "add_course"),
        ("course_change", "change_course"),
        ("schedule_run", "schedule_run"),
        ("run_change", "change_run"),
        ("run_cancellation", "cancel_run"),
        ("kept_seats", "keep_seats"),
        ("capacity", "change_capacity"),
        ("terms", "change_terms"),
        ("copying", "copy_run"),
        ("run_trainers", "name_trainers"),
        ("materials", "keep_materials"),
        ("decision", "uphold_run"),
        ("booking_form", "book_seats"),
        ("booking_change", "change_booking"),
        ("booking_cancellation", "cancel_booking"),
        ("join_queue", "join_queue"),
        ("offer_acceptance", "accept_offer"),
        ("offer_refusal", "decline_offer"),
        ("leaving", "leave_queue"),
        ("queue_move", "move_in_queue"),
        ("new_request", "draft_training_request"),
        ("request_edit", "edit_training_request"),
        ("request_submission", "submit_training_request"),
        ("request_withdrawal", "withdraw_training_request"),
        ("write_survey", "write_survey"),
        ("add_need", "add_need"),
        ("change_need", "change_need"),
        ("agree_plan", "move_plan"),
        ("change_settings", "change_project_settings"),
        ("give_role", "give_role"),
        ("withdraw_role", "withdraw_grant"),
        ("add_contact", "add_contact"),
        ("add_coach", "add_coach"),
    ],
)
def test_a_form_opens_to_those_to_whom_its_route_of_the_api_does(page: str, route: str) -> None:
    assert PAGE_PERMITS[f"show_{page}"] == PAGE_PERMITS[f"send_{page}"] == PERMITS[route]


@pytest.mark.parametrize("name", sorted(PERMITS))
async def test_without_a_token_only_what_is_public_opens(stage: Stage, name: str) -> None:
    async with anonymous_client(stage.office.app) as nobody:
        response = await _ask(nobody, ROUTES[name], stage.own.ids)
    if PERMITS[name].signed_in:
        problem_of(response, 401, "not_signed_in")
    else:
        assert _passed(response), response.text


@pytest.mark.parametrize("name", sorted(PERMITS))
async def test_without_an_account_only_what_needs_none_opens(stage: Stage, name: str) -> None:
    response = await _ask(stage.office.ask("walk-stranger"), ROUTES[name], stage.own.ids)
    if PERMITS[name].account:
        problem_of(response, 403, "no_account")
    else:
        assert _passed(response), response.text


@pytest.mark.parametrize("role", HELD_HERE)
@pytest.mark.parametrize("name", sorted(PERMITS))
async def test_a_role_opens_its_own_and_nothing_of_others(stage: Stage, name: str, role: Role) -> None:
    permit, facts = PERMITS[name], ROUTES[name]
    own = await _ask(stage.clients[role], facts, stage.own.ids)
    other = await _ask(stage.clients[role], facts, stage.other.ids)
    if not permit.signed_in or not permit.account:
        assert _passed(own), own.text
        assert _passed(other), other.text
    elif role not in permit.roles and not permit.own:
        problem_of(own, 403, "role")
        problem_of(other, 403, "role")
    elif role not in permit.roles:
        problem_of(own, 404, "not_found")
        problem_of(other, 404, "not_found")
    else:
        assert _passed(own), own.text
        if role is Role.OPERATOR:
            assert _passed(other), other.text
        else:
            problem_of(other, 404, "not_found")


# a certificate is hers by what it is of: tested beside its area
_OWN_BY_ADDRESS = sorted(n for n, permit in PERMITS.items() if permit.own and "{person_id}" in ROUTES[n].template)


@pytest.mark.parametrize("name", _OWN_BY_ADDRESS)
async def test_a_person_reaches_herself_whatever_her_roles(stage: Stage, name: str) -> None:
    sub = f"self-{name}"
    person_id = await stage.office.holder(sub, Grant(Role.TRAINER, project_id=stage.own.ids["project_id"]))
    response = await _ask(stage.office.ask(sub), ROUTES[name], {**stage.own.ids, "person_id": person_id})
    assert _passed(response), response.text


@pytest.mark.parametrize("name", sorted(name for name in PERMITS if "{" in ROUTES[name].template))
async def test_what_is_not_there_is_told_as_what_is_not_ones_own(stage: Stage, name: str) -> None:
    permit, facts = PERMITS[name], ROUTES[name]
    if not permit.account:
        return
    role = min(permit.roles)
    nowhere = dict.fromkeys(stage.own.ids, stage.office.buyer_id)
    problem_of(await _ask(stage.clients[Role(role)], facts, nowhere), 404, "not_found")
