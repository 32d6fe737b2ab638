"""Questions over HTTP. A supplier's routes share one name in logs and metrics with all else that it does."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.procurement.access import keys_of
from services.procurement.questions import commands, queries
from services.procurement.questions.bodies import AnswerQuestion, AskQuestion
from services.procurement.questions.queries import QuestionView, ToldQuestionView
from shared.web.bodies import View
from shared.web.edge import CommandContext, ReadSession, run_command

router = APIRouter(tags=["questions"])


class ToldQuestionsView(View):
    """What a supplier reads of questions about a procedure."""

    items: list[ToldQuestionView]


class QuestionsView(View):
    """The questions about a procedure, as its officers see them."""

    items: list[QuestionView]


@router.post(
    "/suppliers/{supplier_id}/procedures/{procedure_id}/questions", status_code=201, response_model=ToldQuestionView
)
async def ask_question(request: Request, supplier_id: UUID, procedure_id: UUID, body: AskQuestion) -> Response:
    """Ask about a procedure that one is invited to, until its last moment for questions."""

    async def command(context: CommandContext) -> ToldQuestionView:
        question = await commands.ask_question(
            context.session, context.clock, keys_of(request), procedure_id, supplier_id, body.text
        )
        return ToldQuestionView(question_id=question.id, text=question.text, answer=None, answered_at=None, is_own=True)

    return await run_command(request, command, status=201)


@router.get("/suppliers/{supplier_id}/procedures/{procedure_id}/questions")
async def list_questions_told(
    request: Request, supplier_id: UUID, procedure_id: UUID, session: ReadSession
) -> ToldQuestionsView:
    """The questions that are answered, and one's own; who asked the others is told to nobody."""
    return ToldQuestionsView(items=await queries.questions_told(session, keys_of(request), procedure_id, supplier_id))


@router.get("/procedures/{procedure_id}/questions")
async def list_questions(procedure_id: UUID, session: ReadSession) -> QuestionsView:
    """The questions about a procedure, those that wait first; who asked is not known here."""
    rows = await queries.questions_of(session, procedure_id)
    return QuestionsView(items=[QuestionView.model_validate(row) for row in rows])


@router.put("/questions/{question_id}/answer", response_model=QuestionView)
async def answer_question(request: Request, question_id: UUID, body: AnswerQuestion) -> Response:
    """Answer a question to all who are invited."""

    async def command(context: CommandContext) -> QuestionView:
        question = await commands.answer_question(
            context.session,
            context.clock,
            question_id,
            told=body.told,
            answer=body.answer,
            by=context.actor.person_id,
        )
        return QuestionView.model_validate(question)

    return await run_command(request, command)
