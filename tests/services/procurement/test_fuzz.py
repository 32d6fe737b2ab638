"""Every operation asked with right and wrong input: never 5xx, and every answer as the document says."""

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from uuid import UUID

import pytest
from fastapi import FastAPI

from services.procurement.app import create_app
from services.procurement.authorisation import PERMITS
from services.procurement.questions.commands import ask_question
from services.procurement.settings import ProcurementSettings
from shared.db import open_database
from shared.kernel.clock import FixedClock
from tests.services.procurement.scene import NOW, Scene
from tests.support.databases import ServiceDatabase
from tests.support.fuzz import check_operations, fuzzing
from tests.support.web import LocalIssuer, settings_for


@dataclass
class Fuzzed:
    app: FastAPI
    issuer: LocalIssuer
    known: dict[str, UUID]


async def prepared(settings: ProcurementSettings, clock: FixedClock) -> dict[str, UUID]:
    database = open_database(settings.database_url.get_secret_value())
    async with database.sessions() as session:
        scene = Scene(session, keys=settings.keys, clock=clock)
        await scene.begin()
        supplier = await scene.supplier(sub="everyone")
        grants = [{"role": role, "buyer_id": str(scene.buyer.id)} for role in ("procurement_officer", "award_delegate")]
        scene.officer = await scene.person("everyone", *grants)
        request = await scene.request()
        done = await scene.invited([supplier])
        question = await ask_question(scene.session, clock, scene.keys, done.id, supplier.id, "Ingår material?")
        await scene.bid(done, supplier)
        (bid,) = await scene.open(done)
        await scene.score(bid)
        await scene.award(done)
        contract = await scene.contract(done)
        await session.commit()
        known = {
            "buyer_id": scene.buyer.id,
            "project_id": scene.project_id,
            "supplier_id": supplier.id,
            "request_id": request.id,
            "case_id": done.case_id,
            "lot_id": done.lot_id,
            "procedure_id": done.id,
            "bid_id": bid.id,
            "contract_id": contract.id,
            "question_id": question.id,
        }
    await database.close()
    return known


@pytest.fixture(scope="module")
async def fuzzed_url(module_database: ServiceDatabase) -> str:
    return await module_database("procurement")


@pytest.fixture(scope="module")
def fuzzed(fuzzed_url: str) -> Iterator[Fuzzed]:
    issuer = LocalIssuer()
    settings = settings_for(ProcurementSettings, fuzzed_url, issuer)
    scene_clock = FixedClock(NOW)
    known = asyncio.run(prepared(settings, scene_clock))
    app = create_app(settings, clock=scene_clock, issuer_transport=issuer.transport)
    with fuzzing():
        yield Fuzzed(app, issuer, known)


@pytest.mark.parametrize("name", sorted(PERMITS))
def test_an_operation_answers_as_documented(fuzzed: Fuzzed, name: str) -> None:
    token = fuzzed.issuer.token("everyone", "procurement")
    seen = check_operations(fuzzed.app, "procurement", token=token, known=fuzzed.known, examples=4, only=name)
    assert seen[name]
