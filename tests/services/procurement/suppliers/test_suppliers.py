"""Suppliers: registering once, sole traders, claim codes, and loading."""

from datetime import timedelta

import pytest
from sqlalchemy import update
from sqlmodel import col, select

from services.procurement.suppliers.commands import (
    SupplierInput,
    add_supplier,
    claim_supplier,
    load_supplier,
)
from services.procurement.suppliers.numbers import number_of
from services.procurement.suppliers.queries import find_actor, walk_suppliers
from services.procurement.suppliers.tables import SupplierClaim
from shared.kernel.clock import machine_now
from shared.kernel.errors import Conflict, Refused
from shared.kernel.grants import Grant, Subject
from shared.kernel.roles import Role
from shared.messaging.tables import outbox
from tests.services.procurement.scene import Scene

SOLE_TRADER = "640823-3234"


def described(number: str = "556900-3303") -> SupplierInput:
    return SupplierInput(name="Utbildning", organisation_number=number, email="a@example.test", phone="070-1740605")


async def test_who_registers_a_supplier_acts_for_it(scene: Scene) -> None:
    supplier = await scene.supplier()
    actor = await find_actor(scene.session, Subject("embedded", "supplier"))
    assert actor is not None
    assert actor.grants == (Grant(Role.SUPPLIER, supplier_id=supplier.id),)


async def test_a_person_with_a_supplier_keeps_her_grants_of_booking(scene: Scene) -> None:
    await scene.supplier(sub="officer")
    actor = await find_actor(scene.session, Subject("embedded", "officer"))
    assert actor is not None
    assert actor.person_id == scene.officer
    assert {grant.role for grant in actor.grants} == {Role.PROCUREMENT_OFFICER, Role.SUPPLIER}


async def test_a_number_is_registered_once_however_it_is_written(scene: Scene) -> None:
    await scene.supplier()
    for number in ("5569003303", "16556900-3303"):
        with pytest.raises(Conflict, match="supplier_registered"):
            await scene.supplier(number, "another")


async def test_a_sole_traders_number_is_stored_encrypted_and_told_to_nobody(scene: Scene) -> None:
    supplier = await scene.supplier(SOLE_TRADER)
    assert supplier.organisation_number is None
    assert supplier.sealed_number is not None
    assert SOLE_TRADER.encode() not in supplier.sealed_number
    assert number_of(scene.keys, supplier) == SOLE_TRADER
    payloads = (await (await scene.session.connection()).execute(select(outbox.c.payload))).scalars().all()
    assert not any(SOLE_TRADER.encode() in payload for payload in payloads)
    with pytest.raises(Conflict, match="supplier_registered"):
        await scene.supplier(SOLE_TRADER, "another")


async def test_a_claim_code_works_once_and_however_it_is_typed(scene: Scene) -> None:
    supplier, code, _ = await add_supplier(scene.session, scene.clock, scene.keys, described(), by=scene.officer)
    typed = f" {code.lower().replace('-', ' ')} "
    subject = Subject("embedded", "claims")
    claimed = await claim_supplier(scene.session, scene.clock, scene.keys, typed, subject=subject)
    assert (claimed.id, claimed.version) == (supplier.id, 2)
    with pytest.raises(Refused, match="claim_code_invalid"):
        await claim_supplier(scene.session, scene.clock, scene.keys, code, subject=Subject("embedded", "late"))


async def test_a_claim_code_is_stored_as_a_hash_and_ends(scene: Scene) -> None:
    _, code, expires_at = await add_supplier(scene.session, scene.clock, scene.keys, described(), by=scene.officer)
    assert expires_at > machine_now()
    (claim,) = (await scene.session.exec(select(SupplierClaim))).all()
    assert code.encode() not in claim.code_hash
    expired = update(SupplierClaim).values(expires_at=machine_now() - timedelta(seconds=1))
    await (await scene.session.connection()).execute(expired.where(col(SupplierClaim.used_at).is_(None)))
    scene.session.expire(claim)
    with pytest.raises(Refused, match="claim_code_invalid"):
        await claim_supplier(scene.session, scene.clock, scene.keys, code, subject=Subject("embedded", "late"))


async def test_loading_twice_changes_nothing(scene: Scene) -> None:
    subjects = (Subject("embedded", "one"), Subject("embedded", "two"))
    first = await load_supplier(scene.session, scene.clock, scene.keys, described(), subjects=subjects)
    version = first.version
    again = await load_supplier(scene.session, scene.clock, scene.keys, described(), subjects=subjects)
    assert (again.id, again.version) == (first.id, version)
    told = (await (await scene.session.connection()).execute(select(outbox.c.id))).all()
    assert len(told) == 1


async def test_every_supplier_is_walked_once_in_steps(scene: Scene) -> None:
    ids = sorted(supplier.id for supplier in await scene.suppliers())
    first = await walk_suppliers(scene.session, None, 2)
    rest = await walk_suppliers(scene.session, first[-1][0], 2)
    assert [key for key, _, _ in (*first, *rest)] == ids
