"""An invited supplier asks, all who are invited get the answer, and nobody learns who asked."""

from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlmodel import select

from services.procurement.procedures.commands import plan_procedure
from services.procurement.procedures.rules import Phase
from services.procurement.procedures.tables import Procedure
from services.procurement.questions.asking import asker_of
from services.procurement.questions.commands import answer_question, ask_question
from services.procurement.questions.queries import questions_told
from services.procurement.questions.rules import MOST_WAITING, check_may_answer, check_may_ask
from services.procurement.questions.tables import Question
from services.procurement.suppliers.tables import Supplier
from shared.contracts.procurement import QuestionAnswered
from shared.kernel.errors import Conflict, InvalidInput, NotAllowed, NotFound, Refused
from shared.kernel.ids import new_id
from tests.services.procurement.office import Office, opened_office
from tests.services.procurement.scene import NOW, Scene
from tests.support.databases import ServiceDatabase
from tests.support.web import problem_of

ASKED = "Vi på Svetsskolan undrar: ingår material?"
TOLD = "Ingår material?"


async def asked(scene: Scene, procedure: Procedure, supplier: Supplier, words: str = ASKED) -> Question:
    return await ask_question(scene.session, scene.clock, scene.keys, procedure.id, supplier.id, words)


async def answered(scene: Scene, question: Question, by: UUID | None = None) -> Question:
    return await answer_question(
        scene.session, scene.clock, question.id, told=TOLD, answer="Ja.", by=by or scene.officer
    )


async def told(scene: Scene, procedure: Procedure, supplier: Supplier) -> list[tuple[str, str | None, bool]]:
    views = await questions_told(scene.session, scene.keys, procedure.id, supplier.id)
    return [(view.text, view.answer, view.is_own) for view in views]


@pytest.mark.parametrize("phase", [phase for phase in Phase if phase is not Phase.OPEN_FOR_BIDS])
def test_outside_of_bidding_nothing_is_asked_or_answered(phase: Phase) -> None:
    with pytest.raises(Refused, match="questions_closed"):
        check_may_ask(phase, until=NOW + timedelta(hours=1), waiting=0, now=NOW)
    with pytest.raises(Refused, match="answers_closed"):
        check_may_answer(phase, deadline=NOW)


def test_the_last_moment_for_questions_is_not_one_for_them() -> None:
    check_may_ask(Phase.OPEN_FOR_BIDS, until=NOW, waiting=MOST_WAITING - 1, now=NOW - timedelta(microseconds=1))
    with pytest.raises(Refused, match="questions_closed"):
        check_may_ask(Phase.OPEN_FOR_BIDS, until=NOW, waiting=0, now=NOW)
    with pytest.raises(Refused, match="questions_waiting"):
        check_may_ask(Phase.OPEN_FOR_BIDS, until=NOW + timedelta(hours=1), waiting=MOST_WAITING, now=NOW)


async def test_the_answer_goes_to_all_and_the_question_to_nobody_before_it(scene: Scene) -> None:
    suppliers = await scene.suppliers()
    procedure = await scene.invited(suppliers)
    question = await asked(scene, procedure, suppliers[0])
    assert await told(scene, procedure, suppliers[0]) == [(ASKED, None, True)]
    assert await told(scene, procedure, suppliers[1]) == []
    await answered(scene, question)
    assert await told(scene, procedure, suppliers[0]) == [(TOLD, "Ja.", True)]
    assert await told(scene, procedure, suppliers[1]) == [(TOLD, "Ja.", False)]


async def test_who_is_not_invited_neither_asks_nor_reads(scene: Scene) -> None:
    invited, other = (await scene.suppliers())[:2]
    procedure = await scene.invited([invited])
    with pytest.raises(NotFound):
        await asked(scene, procedure, other)
    with pytest.raises(NotFound):
        await told(scene, procedure, other)


async def test_a_question_is_answered_once_by_an_officer_who_has_declared(scene: Scene) -> None:
    supplier = await scene.supplier()
    question = await asked(scene, await scene.invited([supplier]), supplier)
    with pytest.raises(NotAllowed, match="declaration_missing"):
        await answered(scene, question, by=new_id())
    await answered(scene, question)
    with pytest.raises(Conflict, match="answered"):
        await answered(scene, question)
    with pytest.raises(NotFound):
        await answer_question(scene.session, scene.clock, new_id(), told=TOLD, answer="Ja.", by=scene.officer)


async def test_after_the_deadline_nothing_is_answered(scene: Scene) -> None:
    supplier = await scene.supplier()
    question = await asked(scene, await scene.invited([supplier]), supplier)
    scene.clock.advance(timedelta(days=2))
    with pytest.raises(Refused, match="answers_closed"):
        await answered(scene, question)


async def test_questions_are_taken_until_the_planned_moment(scene: Scene) -> None:
    supplier = await scene.supplier()
    procedure = await scene.invited([supplier], questions_until=scene.clock.now() + timedelta(hours=2))
    await asked(scene, procedure, supplier)
    scene.clock.advance(timedelta(hours=2))
    with pytest.raises(Refused, match="questions_closed"):
        await asked(scene, procedure, supplier)


@pytest.mark.parametrize("after_now", [timedelta(0), timedelta(days=1, seconds=1)])
async def test_the_last_moment_for_questions_lies_ahead_and_not_past_the_deadline(
    scene: Scene, after_now: timedelta
) -> None:
    lot = await scene.lot(await scene.case())
    await scene.choose_direct(lot)
    plan = scene.plan(questions_until=scene.clock.now() + after_now)
    with pytest.raises(InvalidInput, match="questions_until_off"):
        await plan_procedure(scene.session, scene.clock, scene.keys, lot.id, plan, by=scene.officer)


async def test_what_is_kept_leads_from_no_question_to_a_supplier_or_to_another_procedure(scene: Scene) -> None:
    supplier = await scene.supplier()
    procedure = await scene.invited([supplier])
    await asked(scene, procedure, supplier)
    (row,) = (await scene.session.exec(select(Question))).all()
    assert supplier.id not in row.model_dump().values()
    assert supplier.id.bytes not in row.asker
    assert asker_of(scene.keys, procedure.id, supplier.id) == row.asker
    assert asker_of(scene.keys, new_id(), supplier.id) != row.asker


@pytest.fixture
async def office(service_database: ServiceDatabase) -> AsyncIterator[Office]:
    async with opened_office(await service_database("procurement")) as office:
        yield office


async def test_over_the_api_the_officer_sees_the_question_and_never_the_asker(office: Office) -> None:
    suppliers = await office.scene.suppliers()
    procedure = await office.scene.invited(suppliers)
    await office.scene.session.commit()
    own = f"/suppliers/{suppliers[0].id}/procedures/{procedure.id}/questions"
    mine = await office.ask("supplier.0", "POST", own, {"text": ASKED}, expect=201)
    assert (mine["is_own"], mine["answer"]) == (True, None)
    seen = await office.ask("officer", "GET", f"/procedures/{procedure.id}/questions")
    assert [question["text"] for question in seen["items"]] == [ASKED]
    assert not any(str(supplier.id) in str(seen) or "asker" in str(seen) for supplier in suppliers)
    body = {"told": TOLD, "answer": "Ja."}
    answer = await office.ask("officer", "PUT", f"/questions/{mine['question_id']}/answer", body)
    assert answer["answer"] == "Ja."
    again = await office.raw("officer", "PUT", f"/questions/{mine['question_id']}/answer", body)
    problem_of(again, 409, "answered")
    path = f"/suppliers/{suppliers[2].id}/procedures/{procedure.id}/questions"
    (read,) = (await office.ask("supplier.2", "GET", path))["items"]
    assert (read["text"], read["answer"], read["is_own"]) == (TOLD, "Ja.", False)
    async with office.database.engine.connect() as connection:
        facts = (
            await connection.execute(text("SELECT count(*) FROM outbox WHERE type LIKE '%question%'"))
        ).scalar_one()
    assert facts == 1, "asking tells nothing, answering does"


async def test_that_there_is_an_answer_is_told_to_all_who_are_invited_and_nothing_of_who_asked(scene: Scene) -> None:
    *invited, other = await scene.suppliers()
    procedure = await scene.invited(invited)
    before = await scene.told()
    questions = [await asked(scene, procedure, supplier) for supplier in invited]
    assert await scene.told() == before
    for question in questions:
        await answered(scene, question)
    of_one, of_other = (await scene.told())[len(before) :]
    assert of_one == of_other, "whoever asks, the same is told"
    assert isinstance(of_one, QuestionAnswered)
    assert {each.id for each in of_one.recipients} == {supplier.id for supplier in invited}
    assert {(each.kind, each.part) for each in of_one.recipients} == {("supplier", "invited")}
    told_in_all = of_one.model_dump_json()
    for secret in (ASKED, TOLD, "Ja.", *(str(question.id) for question in questions), str(other.id)):
        assert secret not in told_in_all


async def test_an_answer_that_is_refused_tells_nobody(scene: Scene) -> None:
    supplier = await scene.supplier()
    question = await asked(scene, await scene.invited([supplier]), supplier)
    before = await scene.told()
    with pytest.raises(NotAllowed):
        await answered(scene, question, by=new_id())
    await answered(scene, question)
    with pytest.raises(Conflict):
        await answered(scene, question)
    assert len(await scene.told()) == len(before) + 1
