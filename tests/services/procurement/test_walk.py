"""Every route and page of procurement, asked as every role about its own and other people's things."""

from services.procurement.questions.commands import ask_question
from tests.services.procurement.office import opened_office
from tests.support.authorisation import authorisation_walk
from tests.support.databases import ServiceDatabase


async def test_every_route_and_page_is_for_whom_its_permit_says(module_database: ServiceDatabase) -> None:
    async with opened_office(await module_database("procurement")) as office:
        scene = office.scene
        supplier = await scene.supplier()
        request = await scene.request()
        procedure = await scene.invited([supplier])
        question = await ask_question(
            scene.session, scene.clock, scene.keys, procedure.id, supplier.id, "How many take part?"
        )
        await scene.bid(procedure, supplier)
        (bid,) = await scene.open(procedure)
        await scene.score(bid)
        await scene.award(procedure)
        contract = await scene.contract(procedure)
        await scene.session.commit()
        known = {
            "buyer_id": scene.buyer.id,
            "project_id": scene.project_id,
            "supplier_id": supplier.id,
            "request_id": request.id,
            "case_id": procedure.case_id,
            "lot_id": procedure.lot_id,
            "procedure_id": procedure.id,
            "question_id": question.id,
            "bid_id": bid.id,
            "contract_id": contract.id,
        }
        with authorisation_walk(office.app) as walk:
            assert await walk.check(office.issuer, known=known) > len(walk.parts.routes)
