"""Every route, asked by every role about its own and about other people's objects."""

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest

from services.procurement.authorisation import PERMITS
from services.procurement.contracts.commands import sign_contract
from services.procurement.questions.commands import ask_question
from shared.kernel.roles import Role
from shared.web.authorisation import Permit
from shared.web.documents import operations_of
from tests.services.procurement.office import API, Office, opened_office
from tests.services.procurement.scene import Scene
from tests.support.databases import ServiceDatabase
from tests.support.web import anonymous_client

AFTER_AWARD = {"get_award", "get_award_notice", "get_file_note", "get_contract", "list_contracts"}
ROLES = {
    "officer": Role.PROCUREMENT_OFFICER,
    "delegate": Role.AWARD_DELEGATE,
    "supplier.0": Role.SUPPLIER,
    "lead": Role.PROJECT_LEAD,
    "contact": Role.CONTACT,
    "coach": Role.COACH,
    "trainer": Role.TRAINER,
    "participant": Role.PARTICIPANT,
    "operator": Role.OPERATOR,
    "nobody": None,
}


@dataclass
class Things:
    """Ids for every path, by whose they are and by how far the procedure has come."""

    bidding: dict[str, UUID]
    awarded: dict[str, UUID]


async def things_of(scene: Scene, number: str, sub: str) -> Things:
    supplier = await scene.supplier(number, sub)
    waiting = await scene.request()
    done = await scene.invited([supplier])
    await scene.bid(done, supplier)
    (bid,) = await scene.open(done)
    await scene.score(bid)
    await scene.award(done)
    contract = await scene.contract(done)
    await sign_contract(scene.session, scene.clock, contract.id, by=scene.officer)
    lot = await scene.lot(await scene.case(), pooled=False, not_pooled_reason="Another need")
    await scene.choose_direct(lot)
    running = await scene.invited_in(lot, [supplier])
    await scene.bid(running, supplier)
    question = await ask_question(scene.session, scene.clock, scene.keys, running.id, supplier.id, "Ingår material?")
    common = {
        "buyer_id": scene.buyer.id,
        "project_id": scene.project_id,
        "supplier_id": supplier.id,
        "request_id": waiting.id,
        "bid_id": bid.id,
        "contract_id": contract.id,
        "question_id": question.id,
    }
    return Things(
        {**common, "case_id": running.case_id, "lot_id": running.lot_id, "procedure_id": running.id},
        {**common, "case_id": done.case_id, "lot_id": done.lot_id, "procedure_id": done.id},
    )


@pytest.fixture(scope="module")
async def walk(module_database: ServiceDatabase) -> AsyncIterator[tuple[Office, Things, Things]]:
    async with opened_office(await module_database("procurement")) as office:
        scene = office.scene
        for sub, role in ROLES.items():
            if role is not None and sub not in ("officer", "delegate", "supplier.0"):
                scope = {} if role is Role.OPERATOR else {"project_id": str(scene.project_id)}
                await scene.person(sub, {"role": role.value, **scope})
        own = await things_of(scene, "556900-3303", "supplier.0")
        other = Scene(scene.session, keys=scene.keys, clock=scene.clock, number="212000-9911")
        await other.begin(prefix="other.")
        others = await things_of(other, "556900-4400", "supplier.other")
        await scene.session.commit()
        yield office, own, others


def questions(office: Office) -> Iterator[tuple[str, str, str, Permit]]:
    for template, method, operation in operations_of(office.app.openapi()):
        name = operation["operationId"]
        yield name, method.upper(), template.removeprefix(API), PERMITS[name]


def filled(name: str, template: str, things: Things) -> str:
    return template.format(**(things.awarded if name in AFTER_AWARD else things.bidding))


async def test_nobody_gets_in_without_a_token(walk: tuple[Office, Things, Things]) -> None:
    office, own, _ = walk
    async with anonymous_client(office.app) as client:
        for name, method, template, _ in questions(office):
            response = await client.request(method, f"{API}{filled(name, template, own)}")
            assert response.status_code == 401, name


@pytest.mark.parametrize("sub", list(ROLES))
async def test_a_role_reaches_its_own_objects_and_no_others(walk: tuple[Office, Things, Things], sub: str) -> None:
    office, own, others = walk
    for name, method, template, permit in questions(office):
        if not permit.account:
            continue
        body: dict[str, object] | None = {} if method in ("POST", "PUT", "PATCH") else None
        on_others = await office.raw(sub, method, filled(name, template, others), body)
        on_own = await office.raw(sub, method, filled(name, template, own), body)
        told = (on_own.status_code, on_others.status_code)
        if ROLES[sub] not in permit.roles:
            assert told == (403, 403), (name, sub, on_own.text)
        else:
            assert on_others.status_code == 404, (name, sub, on_others.text)
            assert on_own.status_code in (200, 204, 409, 422), (name, sub, on_own.text)


async def test_a_supplier_does_not_reach_a_procedure_through_its_own_address(
    walk: tuple[Office, Things, Things],
) -> None:
    office, own, others = walk
    mixed = Things({**own.bidding, "procedure_id": others.bidding["procedure_id"]}, own.awarded)
    for name, method, template, permit in questions(office):
        if "{procedure_id}" in template and permit.roles == {Role.SUPPLIER} and name not in AFTER_AWARD:
            bodies = {
                "PUT": {"price_ore": 1, "description": "x", "valid_until": "2027-06-30"},
                "POST": {"text": "Ingår material?"},
            }
            path = filled(name, template, mixed)
            response = await office.raw("supplier.0", method, path, bodies.get(method))
            assert response.status_code == 404, name


async def test_a_grant_for_another_project_of_the_buyer_reaches_nothing_of_this_one(
    walk: tuple[Office, Things, Things],
) -> None:
    office, own, others = walk
    grant = {
        "role": Role.PROCUREMENT_OFFICER.value,
        "buyer_id": str(own.bidding["buyer_id"]),
        "project_id": str(others.bidding["project_id"]),
    }
    await office.scene.person("officer.elsewhere", grant)
    await office.scene.session.commit()
    path = f"/cases/{own.bidding['case_id']}"
    assert (await office.raw("officer.elsewhere", "GET", path)).status_code == 404


def test_routes_where_bids_can_be_seen_in_traffic_share_one_label() -> None:
    of_suppliers = [permit for permit in PERMITS.values() if permit.roles == {Role.SUPPLIER}]
    assert len(of_suppliers) == 8
    assert {permit.label for permit in of_suppliers} == {"supplier"}
