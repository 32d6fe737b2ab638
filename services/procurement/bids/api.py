"""Bidding, opening and scoring over HTTP. A supplier's routes share one name in logs and metrics."""

from datetime import date
from decimal import Decimal
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from services.procurement.access import keys_of
from services.procurement.bids import commands, opening, queries
from services.procurement.bids.commands import Offer
from services.procurement.bids.opening import GivenScore
from services.procurement.bids.queries import BidView, OpeningView, OwnBidView, ReceiptView
from services.procurement.bids.rules import BidLate
from services.procurement.bids.sealing import CriterionAnswer
from services.procurement.procedures.queries import ProcedureView, get_procedure, procedure_view
from shared.web.bodies import LARGEST_ORE, Body, LongText, Paragraph, Reason
from shared.web.edge import CommandContext, CurrentActor, ReadSession, run_command

router = APIRouter(tags=["bids"])


class AnswerCriterion(Body):
    """What the supplier says on one criterion."""

    criterion_id: UUID
    text: Paragraph


class SubmitBid(Body):
    """A bid; the price in öre without VAT, the VAT rate in percent. It binds until `valid_until`."""

    price_ore: Annotated[int, Field(ge=0, le=LARGEST_ORE)]
    vat_rate: Annotated[Decimal, Field(ge=0, le=100, max_digits=5, decimal_places=2)] = Decimal(25)
    description: LongText
    answers: Annotated[list[AnswerCriterion], Field(max_length=20)] = Field(default_factory=list)
    valid_until: date

    def as_offer(self) -> Offer:
        """The same as a command takes it."""
        return Offer(
            price_ore=self.price_ore,
            vat_rate=self.vat_rate,
            description=self.description,
            answers=tuple(CriterionAnswer(criterion_id=each.criterion_id, text=each.text) for each in self.answers),
            valid_until=self.valid_until,
        )


class GiveScore(Body):
    """Points on one criterion, 0 to 10 with two decimals at most, and why."""

    criterion_id: UUID
    points: Annotated[Decimal, Field(ge=0, le=10, max_digits=4, decimal_places=2)]
    reason: Reason


class ScoreBid(Body):
    """Scores in place of earlier ones; or the reason why the bid is not evaluated."""

    scores: Annotated[list[GiveScore], Field(max_length=20)] = Field(default_factory=list)
    disqualified_reason: Reason | None = None


@router.put("/suppliers/{supplier_id}/procedures/{procedure_id}/bid", response_model=ReceiptView)
async def submit_bid(request: Request, supplier_id: UUID, procedure_id: UUID, body: SubmitBid) -> Response:
    """Bid, or replace one's bid, until the deadline. The receipt is a hash over the sealed box."""

    async def submit(context: CommandContext) -> ReceiptView:
        receipt = await commands.submit_bid(
            context.session, context.clock, keys_of(request), procedure_id, supplier_id, body.as_offer()
        )
        return ReceiptView.model_validate(receipt)

    async def record_late(context: CommandContext) -> None:
        await commands.record_late_bid(
            context.session, context.clock, keys_of(request), procedure_id, supplier_id, body.as_offer()
        )

    try:
        return await run_command(request, submit)
    except BidLate:
        await run_command(_without_key(request), record_late)
        raise


def _without_key(request: Request) -> Request:
    """Return the request without its Idempotency-Key: that a bid is kept as late is not the answer to the request."""
    headers = [(name, value) for name, value in request.scope["headers"] if name != b"idempotency-key"]
    return Request({**request.scope, "headers": headers}, request.receive)


@router.get("/suppliers/{supplier_id}/procedures/{procedure_id}/bid")
async def get_own_bid(request: Request, supplier_id: UUID, procedure_id: UUID, session: ReadSession) -> OwnBidView:
    """The receipts of what the supplier has sent."""
    return await queries.own_bid(session, keys_of(request), procedure_id, supplier_id)


@router.delete("/suppliers/{supplier_id}/procedures/{procedure_id}/bid", status_code=204)
async def withdraw_bid(request: Request, supplier_id: UUID, procedure_id: UUID) -> Response:
    """Take one's bid back before the deadline."""

    async def command(context: CommandContext) -> None:
        await commands.withdraw_bid(context.session, context.clock, keys_of(request), procedure_id, supplier_id)

    return await run_command(request, command)


@router.post("/procedures/{procedure_id}/opening", response_model=ProcedureView)
async def confirm_opening(request: Request, procedure_id: UUID) -> Response:
    """Confirm, as an appointed opener after the deadline, that the bids be opened; the last to confirm opens them."""

    async def command(context: CommandContext) -> ProcedureView:
        procedure = await opening.confirm_opening(
            context.session, context.clock, keys_of(request), procedure_id, by=context.actor.person_id
        )
        return await procedure_view(context.session, procedure, context.clock.now())

    return await run_command(request, command)


@router.get("/procedures/{procedure_id}/bids")
async def list_bids(request: Request, procedure_id: UUID, session: ReadSession, actor: CurrentActor) -> OpeningView:
    """The opened bids, best first, for the case's officers; before the opening nobody learns anything of them."""
    return await queries.opening_view(session, keys_of(request), procedure_id, actor.person_id)


@router.put("/bids/{bid_id}/scores", response_model=BidView)
async def score_bid(request: Request, bid_id: UUID, body: ScoreBid) -> Response:
    """Give a bid its points with reasons, or say why it is not evaluated."""

    async def command(context: CommandContext) -> BidView:
        bid = await opening.score_bid(
            context.session,
            context.clock,
            bid_id,
            [
                GivenScore(criterion_id=each.criterion_id, points=each.points, reason=each.reason)
                for each in body.scores
            ],
            disqualified_reason=body.disqualified_reason,
            by=context.actor.person_id,
        )
        procedure = await get_procedure(context.session, bid.procedure_id)
        views = await queries.bid_views(context.session, procedure)
        return next(view for view in views if view.bid_id == bid.id)

    return await run_command(request, command)
