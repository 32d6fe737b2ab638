"""A supplier's pages of what it is invited to: what is wanted, its bid and the receipt, replacing, withdrawing.

They read and write what the API does, under the same label: see the package. A sent bid cannot be shown to anybody,
not even to the one who sent it, so that replacing means writing it anew.
"""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.procurement.access import keys_of
from services.procurement.bidder import procedure_of, supplier_page
from services.procurement.bids import commands
from services.procurement.bids.queries import OwnBidView, own_bid
from services.procurement.bids.rules import BidLate
from services.procurement.bids.supplier_forms import VAT_RATES, BidForm, answer_field, form_for, judged
from services.procurement.buyers.queries import not_there
from services.procurement.procedures.queries import InvitationView, get_invitation
from services.procurement.procedures.rules import Phase
from services.procurement.questions.queries import questions_told
from shared.kernel.calendar import legal_day
from shared.kernel.texts import N_, Text
from shared.web.bodies import LONG_TEXT_LENGTH, PARAGRAPH_LENGTH, Body
from shared.web.edge import CommandContext, ReadSession, current_clock, run_command
from shared.web.pages.forms import Form, read_form, take_form

router = APIRouter(prefix="/supplier/{supplier_id}/procedures/{procedure_id}")


async def _invitation(request: Request, supplier_id: UUID, procedure_id: UUID, session: ReadSession) -> InvitationView:
    return await get_invitation(session, procedure_id, supplier_id, current_clock(request).now())


Invited = Annotated[InvitationView, Depends(_invitation, scope="function")]


@router.get("")
async def show_invitation(request: Request, supplier_id: UUID, invitation: Invited, session: ReadSession) -> Response:
    """Show what is wanted and by when, and where one's own bid stands."""
    procedure_id = invitation.procedure_id
    questions = await questions_told(session, keys_of(request), procedure_id, supplier_id)
    return supplier_page(
        request,
        "bids/invitation.html",
        supplier_id=supplier_id,
        invitation=invitation,
        own=await own_bid(session, keys_of(request), procedure_id, supplier_id),
        answered=sum(question.answer is not None for question in questions),
        is_open=invitation.phase is Phase.OPEN_FOR_BIDS,
        may_ask=current_clock(request).now() < invitation.questions_until,
    )


@router.get("/bid")
async def show_bid(request: Request, supplier_id: UUID, invitation: Invited, session: ReadSession) -> Response:
    """Show the form for a bid, or for one in place of what was sent."""
    own = await own_bid(session, keys_of(request), invitation.procedure_id, supplier_id)
    return _bid_page(request, supplier_id, invitation, own, Form())


@router.post("/bid")
async def send_bid(request: Request, supplier_id: UUID, invitation: Invited, session: ReadSession) -> Response:
    """Bid, or replace one's bid, until the deadline. What comes after it is kept as late, and not opened."""
    procedure_id, is_late = invitation.procedure_id, False
    form = await read_form(request, form_for(invitation.criteria))

    async def submit(context: CommandContext, body: BidForm) -> None:
        nonlocal is_late
        offer = body.as_offer(invitation.criteria)
        try:
            await commands.submit_bid(
                context.session, context.clock, keys_of(request), procedure_id, supplier_id, offer
            )
        except BidLate:
            is_late = True
            raise

    async def record_late(context: CommandContext) -> None:
        assert form.body is not None
        offer = form.body.as_offer(invitation.criteria)
        await commands.record_late_bid(
            context.session, context.clock, keys_of(request), procedure_id, supplier_id, offer
        )

    async def again(form: Form[BidForm]) -> Response:
        if is_late:
            await run_command(request, record_late)
        own = await own_bid(session, keys_of(request), procedure_id, supplier_id)
        return _bid_page(request, supplier_id, invitation, own, form)

    return await take_form(request, form, submit, done=procedure_of(supplier_id, procedure_id, "receipt"), again=again)


@router.get("/receipt")
async def show_receipt(request: Request, supplier_id: UUID, invitation: Invited, session: ReadSession) -> Response:
    """Show the receipt of what one has sent."""
    own = await own_bid(session, keys_of(request), invitation.procedure_id, supplier_id)
    if own.bid is None and own.late is None:
        raise not_there()
    return supplier_page(
        request,
        "bids/receipt.html",
        supplier_id=supplier_id,
        invitation=invitation,
        own=own,
        is_open=invitation.phase is Phase.OPEN_FOR_BIDS,
    )


@router.get("/withdraw")
async def show_withdrawal(request: Request, supplier_id: UUID, invitation: Invited, session: ReadSession) -> Response:
    """Say what withdrawing does, before it is done."""
    return await _withdrawal(request, session, supplier_id, invitation, Form())


@router.post("/withdraw")
async def send_withdrawal(request: Request, supplier_id: UUID, invitation: Invited, session: ReadSession) -> Response:
    """Take one's bid back before the deadline."""
    procedure_id = invitation.procedure_id

    async def command(context: CommandContext, _body: Body) -> None:
        await commands.withdraw_bid(context.session, context.clock, keys_of(request), procedure_id, supplier_id)

    again = partial(_withdrawal, request, session, supplier_id, invitation)
    return await take_form(request, Body, command, done=procedure_of(supplier_id, procedure_id), again=again)


def _bid_page(
    request: Request, supplier_id: UUID, invitation: InvitationView, own: OwnBidView, form: Form[BidForm]
) -> Response:
    return supplier_page(
        request,
        "bids/bid.html",
        form=form,
        supplier_id=supplier_id,
        invitation=invitation,
        own=own,
        is_open=invitation.phase is Phase.OPEN_FOR_BIDS,
        judged=judged(invitation.criteria),
        answer_field=answer_field,
        vat_choices=[(rate, f"{rate} %") for rate in VAT_RATES],
        binding_day=max(legal_day(invitation.deadline), legal_day(current_clock(request).now())),
        longest={"description": LONG_TEXT_LENGTH, "answer": PARAGRAPH_LENGTH},
    )


async def _withdrawal(
    request: Request, session: AsyncSession, supplier_id: UUID, invitation: InvitationView, form: Form[Body]
) -> Response:
    own = await own_bid(session, keys_of(request), invitation.procedure_id, supplier_id)
    if own.bid is None:
        raise not_there()
    return supplier_page(
        request,
        "bids/withdraw.html",
        form=form,
        supplier_id=supplier_id,
        invitation=invitation,
        does=(
            Text(N_("Your bid is deleted. It is never opened, and nobody is told that you had bid.")),
            Text(N_("You can send a new bid until {deadline}."), {"deadline": invitation.deadline}),
        ),
    )
