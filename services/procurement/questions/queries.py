"""Reading questions: the officers all of them, a supplier those that are answered and its own."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func
from sqlmodel import col, or_, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.base import Keys
from services.procurement.buyers.queries import not_there
from services.procurement.procedures.queries import is_invited
from services.procurement.questions.asking import asker_of
from services.procurement.questions.tables import Question
from shared.web.bodies import View, own_id

_MOST = 500


class QuestionView(View):
    """A question as an officer sees it: never who asked it."""

    question_id: UUID = own_id("question_id")
    procedure_id: UUID
    text: str
    asked_at: datetime
    told: str | None
    answer: str | None
    answered_at: datetime | None
    answered_by: UUID | None


class ToldQuestionView(View):
    """A question as an invited supplier sees it; of others' only what was told to all, with the answer."""

    question_id: UUID
    text: str
    answer: str | None
    answered_at: datetime | None
    is_own: bool


async def get_question(session: AsyncSession, question_id: UUID) -> Question:
    """Return the question; raises NotFound."""
    question = await session.get(Question, question_id)
    if question is None:
        raise not_there()
    return question


async def questions_of(session: AsyncSession, procedure_id: UUID) -> Sequence[Question]:
    """Return the questions about a procedure: first those that wait for an answer, oldest first."""
    found = await session.exec(
        select(Question)
        .where(col(Question.procedure_id) == procedure_id)
        .order_by(col(Question.answered_at).is_not(None), col(Question.id))
        .limit(_MOST)
    )
    return found.all()


async def count_waiting(session: AsyncSession, procedure_id: UUID, asker: bytes) -> int:
    """Return how many questions of one supplier wait for an answer."""
    found = await session.exec(
        select(func.count())
        .select_from(Question)
        .where(
            col(Question.procedure_id) == procedure_id,
            col(Question.asker) == asker,
            col(Question.answered_at).is_(None),
        )
    )
    return found.one()


async def questions_told(
    session: AsyncSession, keys: Keys, procedure_id: UUID, supplier_id: UUID
) -> list[ToldQuestionView]:
    """Return what an invited supplier reads, oldest first; raises NotFound for one that is not invited."""
    if not await is_invited(session, procedure_id, supplier_id):
        raise not_there()
    asker = asker_of(keys, procedure_id, supplier_id)
    found = await session.exec(
        select(Question)
        .where(
            col(Question.procedure_id) == procedure_id,
            or_(col(Question.answered_at).is_not(None), col(Question.asker) == asker),
        )
        .order_by(col(Question.id))
        .limit(_MOST)
    )
    return [
        ToldQuestionView(
            question_id=row.id,
            text=row.told or row.text,
            answer=row.answer,
            answered_at=row.answered_at,
            is_own=row.asker == asker,
        )
        for row in found
    ]
