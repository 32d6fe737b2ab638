"""The officer's page of questions about a procedure, and the form for an answer. Who asked is known to nobody here."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.procurement.procedures.queries import get_procedure
from services.procurement.procedures.rules import Phase, phase_of
from services.procurement.questions import commands, queries
from services.procurement.questions.bodies import AnswerQuestion
from shared.kernel.roles import Role
from shared.web.bodies import PARAGRAPH_LENGTH
from shared.web.edge import CommandContext, CurrentActor, CurrentClock, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()


@router.get("/procedures/{procedure_id}/questions")
async def show_questions(
    request: Request, procedure_id: UUID, session: ReadSession, clock: CurrentClock, actor: CurrentActor
) -> Response:
    """Show the questions, those that wait first, and what all who are invited have been told."""
    procedure = await get_procedure(session, procedure_id)
    questions = await queries.questions_of(session, procedure_id)
    phase = phase_of(procedure.state, deadline=procedure.deadline, now=clock.now())
    return render(
        request,
        "questions/office.html",
        procedure=procedure,
        waiting=[question for question in questions if question.answer is None],
        answered=[question for question in questions if question.answer is not None],
        is_open=phase is Phase.OPEN_FOR_BIDS,
        may_answer=phase is Phase.OPEN_FOR_BIDS and actor.holds(Role.PROCUREMENT_OFFICER),
    )


@router.get("/questions/{question_id}/answer")
async def show_answer(request: Request, question_id: UUID, session: ReadSession) -> Response:
    """Show a question with the form for its answer."""
    return await _form(request, session, question_id, Form())


@router.post("/questions/{question_id}/answer")
async def send_answer(request: Request, question_id: UUID, session: ReadSession) -> Response:
    """Answer a question to all who are invited."""
    question = await queries.get_question(session, question_id)

    async def command(context: CommandContext, body: AnswerQuestion) -> None:
        await commands.answer_question(
            context.session,
            context.clock,
            question_id,
            told=body.told,
            answer=body.answer,
            by=context.actor.person_id,
        )

    again = partial(_form, request, session, question_id)
    return await take_form(
        request, AnswerQuestion, command, done=f"/procurement/procedures/{question.procedure_id}/questions", again=again
    )


async def _form(request: Request, session: AsyncSession, question_id: UUID, form: Form[AnswerQuestion]) -> Response:
    question = await queries.get_question(session, question_id)
    return render(
        request,
        "questions/answer.html",
        form=form,
        question=question,
        procedure=await get_procedure(session, question.procedure_id),
        longest=PARAGRAPH_LENGTH,
    )
