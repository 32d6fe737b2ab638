"""A supplier's page of questions about a procedure: what was answered, its own that wait, and the form for one more."""

from functools import partial
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.procurement.access import keys_of
from services.procurement.bidder import procedure_of, supplier_page
from services.procurement.procedures.queries import get_invitation
from services.procurement.procedures.rules import Phase
from services.procurement.questions import commands, queries
from services.procurement.questions.bodies import AskQuestion
from shared.web.bodies import PARAGRAPH_LENGTH
from shared.web.edge import CommandContext, ReadSession, current_clock
from shared.web.pages.forms import Form, take_form

router = APIRouter(prefix="/supplier/{supplier_id}/procedures/{procedure_id}")


@router.get("/questions")
async def show_own_questions(request: Request, supplier_id: UUID, procedure_id: UUID, session: ReadSession) -> Response:
    """Show what all who are invited read, one's own questions that wait, and the form for a new one."""
    return await _page(request, session, supplier_id, procedure_id, Form())


@router.post("/questions")
async def send_question(request: Request, supplier_id: UUID, procedure_id: UUID, session: ReadSession) -> Response:
    """Ask about a procedure."""

    async def command(context: CommandContext, body: AskQuestion) -> None:
        await commands.ask_question(
            context.session, context.clock, keys_of(request), procedure_id, supplier_id, body.text
        )

    again = partial(_page, request, session, supplier_id, procedure_id)
    return await take_form(
        request, AskQuestion, command, done=procedure_of(supplier_id, procedure_id, "questions"), again=again
    )


async def _page(
    request: Request, session: AsyncSession, supplier_id: UUID, procedure_id: UUID, form: Form[AskQuestion]
) -> Response:
    now = current_clock(request).now()
    invitation = await get_invitation(session, procedure_id, supplier_id, now)
    return supplier_page(
        request,
        "questions/own.html",
        form=form,
        supplier_id=supplier_id,
        invitation=invitation,
        is_open=invitation.phase is Phase.OPEN_FOR_BIDS and now < invitation.questions_until,
        questions=await queries.questions_told(session, keys_of(request), procedure_id, supplier_id),
        longest=PARAGRAPH_LENGTH,
    )
