"""Award decisions over HTTP."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.procurement.awards import commands, queries
from services.procurement.awards.queries import AwardNoticeView, AwardView
from shared.web.bodies import Body, Reason
from shared.web.edge import CommandContext, ReadSession, run_command

router = APIRouter(tags=["awards"])


class DecideAward(Body):
    """The reasons for the decision; the bid that wins is given where several are tied for the first place."""

    reasons: Reason
    winner_bid_id: UUID | None = None


class RevokeAward(Body):
    """Why the decision is taken back, and whether the winner has fallen away."""

    reason: Reason
    winner_fell_away: bool


@router.post("/procedures/{procedure_id}/award", status_code=201, response_model=AwardView)
async def decide_award(request: Request, procedure_id: UUID, body: DecideAward) -> Response:
    """Decide which bid wins; every bidder is told."""

    async def command(context: CommandContext) -> AwardView:
        award = await commands.decide_award(
            context.session,
            context.clock,
            procedure_id,
            reasons=body.reasons,
            winner_bid_id=body.winner_bid_id,
            by=context.actor.person_id,
        )
        return await queries.award_view(context.session, award)

    return await run_command(request, command, status=201)


@router.get("/procedures/{procedure_id}/award")
async def get_award(procedure_id: UUID, session: ReadSession) -> AwardView:
    """The award decision that stands."""
    return await queries.award_view(session, await queries.get_award(session, procedure_id))


@router.post("/procedures/{procedure_id}/award/revocation", response_model=AwardView)
async def revoke_award(request: Request, procedure_id: UUID, body: RevokeAward) -> Response:
    """Take an award decision back before the contract is signed, so that it can be made anew."""

    async def command(context: CommandContext) -> AwardView:
        award = await commands.revoke_award(
            context.session,
            context.clock,
            procedure_id,
            reason=body.reason,
            winner_fell_away=body.winner_fell_away,
            by=context.actor.person_id,
        )
        return await queries.award_view(context.session, award)

    return await run_command(request, command)


@router.get("/suppliers/{supplier_id}/procedures/{procedure_id}/award")
async def get_award_notice(supplier_id: UUID, procedure_id: UUID, session: ReadSession) -> AwardNoticeView:
    """The award notice to one bidder."""
    return await queries.award_notice(session, procedure_id, supplier_id)
