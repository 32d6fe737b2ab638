"""The award on pages: the delegate decides with reasons, and revokes where the winner falls away."""

from functools import partial
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.procurement.access import keys_of
from services.procurement.awards import commands, queries
from services.procurement.bids.queries import BidView, opening_view
from services.procurement.cases.queries import get_case
from services.procurement.office import case_address, office_page
from services.procurement.procedures.queries import get_procedure
from services.procurement.procedures.rules import ProcedureState
from services.procurement.procedures.tables import Procedure
from shared.kernel.errors import Conflict
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Reason, View
from shared.web.edge import CommandContext, CurrentActor, ReadSession
from shared.web.pages.forms import Form, take_form

router = APIRouter()


class AwardForm(Body):
    """The reasons for the decision, and which bid wins where several are tied for the first place."""

    reasons: Reason
    winner_bid_id: UUID | None = None


class RevokeForm(Body):
    """Why the decision is taken back, and whether the winner has fallen away."""

    reason: Reason
    winner_fell_away: bool = False


class InCase(View):
    """The case that something is done in."""

    case_id: UUID


@router.get("/procedures/{procedure_id}/award")
async def show_award(request: Request, procedure_id: UUID, session: ReadSession, actor: CurrentActor) -> Response:
    """Show how the bids rank and what deciding does, and ask for the reasons."""
    return await _award_page(request, session, procedure_id, actor.person_id, Form())


@router.post("/procedures/{procedure_id}/award")
async def send_award(request: Request, procedure_id: UUID, session: ReadSession, actor: CurrentActor) -> Response:
    """Decide which bid wins."""

    async def command(context: CommandContext, body: AwardForm) -> InCase:
        await commands.decide_award(
            context.session,
            context.clock,
            procedure_id,
            reasons=body.reasons,
            winner_bid_id=body.winner_bid_id,
            by=context.actor.person_id,
        )
        return InCase(case_id=(await get_procedure(context.session, procedure_id)).case_id)

    again = partial(_award_page, request, session, procedure_id, actor.person_id)
    return await take_form(
        request,
        AwardForm,
        command,
        done=lambda answer: case_address(answer["case_id"]),
        again=again,
    )


async def _award_page(
    request: Request, session: AsyncSession, procedure_id: UUID, person_id: UUID, form: Form[Any]
) -> Response:
    procedure = await get_procedure(session, procedure_id)
    opened = await opening_view(session, keys_of(request), procedure_id, person_id)
    if procedure.state is not ProcedureState.OPENED:
        raise Conflict(N_("An award is decided after the opening, and once."), code="not_in_evaluation")
    return office_page(
        request,
        "awards/award.html",
        form=form,
        does=_does(procedure),
        procedure=procedure,
        case=await get_case(session, procedure.case_id),
        bids=opened.bids,
        tied=_tied(opened.bids),
    )


def _does(procedure: Procedure) -> list[Text]:
    policy = procedure.its_policy()
    notice = (
        N_("Every bidder is told at once who was chosen and why, and how its own bid fared.")
        if policy.award_notice
        else N_("The winner alone is told, at once.")
    )
    does = [
        Text(N_("The bid that is ranked first wins. The scores decide; correct them before, if they are wrong.")),
        Text(notice),
    ]
    if policy.standstill_days:
        message = N_("A standstill of {days} days begins; the contract is signed after it.")
        does.append(Text(message, {"days": policy.standstill_days}))
    else:
        does.append(Text(N_("There is no standstill: the contract can be signed at once.")))
    return does


def _tied(bids: list[BidView]) -> list[BidView]:
    first = [bid for bid in bids if bid.rank == 1 and bid.disqualified_reason is None]
    return first if len(first) > 1 else []


@router.get("/procedures/{procedure_id}/award/revoke")
async def show_revoke_award(request: Request, procedure_id: UUID, session: ReadSession) -> Response:
    """Say what revoking does, before it is done."""
    return await _revoke_page(request, session, procedure_id, Form())


@router.post("/procedures/{procedure_id}/award/revoke")
async def send_revoke_award(request: Request, procedure_id: UUID, session: ReadSession) -> Response:
    """Take an award back before the contract."""

    async def command(context: CommandContext, body: RevokeForm) -> InCase:
        await commands.revoke_award(
            context.session,
            context.clock,
            procedure_id,
            reason=body.reason,
            winner_fell_away=body.winner_fell_away,
            by=context.actor.person_id,
        )
        return InCase(case_id=(await get_procedure(context.session, procedure_id)).case_id)

    again = partial(_revoke_page, request, session, procedure_id)
    return await take_form(
        request,
        RevokeForm,
        command,
        done=lambda answer: case_address(answer["case_id"]),
        again=again,
    )


async def _revoke_page(request: Request, session: AsyncSession, procedure_id: UUID, form: Form[Any]) -> Response:
    procedure = await get_procedure(session, procedure_id)
    award = await queries.award_view(session, await queries.get_award(session, procedure_id))
    does = [
        Text(
            N_("The decision for {supplier} no longer stands; it is kept in the file."),
            {"supplier": award.supplier_name},
        ),
        Text(N_("The bids are compared anew, and a new decision is made while they are binding.")),
        Text(
            N_("With the new decision every bidder gets a new notice, and a standstill begins anew where there is one.")
        ),
        Text(N_("Nobody is told of the revocation itself: write to the supplier.")),
    ]
    case = await get_case(session, procedure.case_id)
    return office_page(request, "awards/revoke.html", form=form, does=does, award=award, procedure=procedure, case=case)
