"""Asking and answering. Each holds the procedure `FOR SHARE`, as a bid does, and reads the clock only then."""

from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.base import Keys
from services.procurement.buyers.queries import not_there
from services.procurement.cases.queries import check_case_officer
from services.procurement.procedures.commands import procedure_held, procedure_held_for, told_of_procedure
from services.procurement.procedures.queries import invitations_of
from services.procurement.procedures.rules import phase_of
from services.procurement.questions.asking import asker_of
from services.procurement.questions.queries import count_waiting
from services.procurement.questions.rules import check_may_answer, check_may_ask
from services.procurement.questions.tables import Question
from shared.contracts.facts import Recipient
from shared.contracts.procurement import QuestionAnswered
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict
from shared.kernel.texts import N_
from shared.messaging.outbox import record


async def ask_question(
    session: AsyncSession, clock: Clock, keys: Keys, procedure_id: UUID, supplier_id: UUID, text: str
) -> Question:
    """Ask as an invited supplier. Raises NotFound for any other, Refused when the time for questions is over."""
    procedure = await procedure_held_for(session, procedure_id, supplier_id)
    asker = asker_of(keys, procedure_id, supplier_id)
    waiting = await count_waiting(session, procedure_id, asker)
    now = clock.now()
    check_may_ask(
        phase_of(procedure.state, deadline=procedure.deadline, now=now),
        until=procedure.asked_until(),
        waiting=waiting,
        now=now,
    )
    question = Question(procedure_id=procedure_id, asker=asker, text=text, asked_at=now)
    session.add(question)
    await session.flush()
    return question


async def answer_question(
    session: AsyncSession, clock: Clock, question_id: UUID, *, told: str, answer: str, by: UUID
) -> Question:
    """Answer all who are invited, once, while bids are taken. `told` is the question with nothing of who asked it.

    All who are invited are told that there is an answer to read; whoever asked is told no otherwise than the rest.
    """
    question = await session.get(Question, question_id)
    if question is None:
        raise not_there()
    procedure = await procedure_held(session, question.procedure_id)
    await check_case_officer(session, procedure.case_id, by)
    await session.refresh(question, with_for_update=True)
    now = clock.now()
    if question.answered_at is not None:
        raise Conflict(N_("This question is answered already, and all who are invited read it."), code="answered")
    check_may_answer(
        phase_of(procedure.state, deadline=procedure.deadline, now=now),
        deadline=procedure.deadline,
    )
    question.told, question.answer = told, answer
    question.answered_at, question.answered_by = now, by
    session.add(question)
    await session.flush()
    fact = QuestionAnswered(
        **await told_of_procedure(session, procedure),
        deadline=procedure.deadline,
        recipients=tuple(
            Recipient(kind="supplier", id=each.supplier_id, part="invited")
            for each in await invitations_of(session, procedure.id)
        ),
    )
    await record(session, fact, version=procedure.version, at=now)
    return question
