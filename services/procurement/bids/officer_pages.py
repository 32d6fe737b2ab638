"""Opening on pages, and the opened bids with their scores as one form. Before the opening nothing of bids is told.

What officers read and score here shares one name in logs and metrics: how often would tell how many bids there are.
"""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import BeforeValidator, Field, StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.procurement.access import keys_of
from services.procurement.bids import opening, queries
from services.procurement.bids.opening import GivenScore
from services.procurement.buyers.queries import not_there
from services.procurement.cases.queries import get_case
from services.procurement.copies import find_names
from services.procurement.office import case_address, office_page
from services.procurement.procedures.queries import criteria_of, get_procedure, openers_of
from services.procurement.procedures.rules import CriterionKind, ProcedureState
from services.procurement.procedures.tables import Procedure
from shared.kernel.errors import InvalidInput
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Paragraph, View
from shared.web.edge import CommandContext, CurrentActor, ReadSession
from shared.web.pages.forms import Form, take_form

router = APIRouter()

_NO_REASON = N_("Say why the bid gets these points.")
_NO_POINTS = N_("Give the points, 0 to 10, or take the reason away.")


def _with_point(value: object) -> object:
    return value.replace(",", ".") if isinstance(value, str) else value


Points = Annotated[
    Decimal, BeforeValidator(_with_point), Field(ge=0, le=10, max_digits=4, decimal_places=2, allow_inf_nan=False)
]
Why = Annotated[str, StringConstraints(min_length=3, max_length=4_000)]


class CellRow(Body):
    """The points of one bid on one criterion as they are typed; neither points nor reason: not judged yet."""

    bid_id: UUID
    criterion_id: UUID
    points: Points | None = None
    reason: Why | None = None


class BidRow(Body):
    """Why a bid is not evaluated, where it is not."""

    bid_id: UUID
    disqualified_reason: Paragraph | None = None


class Matrix(Body):
    """All bids on all criteria that officers judge."""

    scores: Annotated[list[CellRow], Field(max_length=1_000)] = Field(default_factory=list)
    bids: Annotated[list[BidRow], Field(min_length=1, max_length=50)]

    def given(self, bid_id: UUID) -> list[GivenScore]:
        """Return what is judged of a bid. Raises InvalidInput for points without a reason, or a reason without them."""
        scores = []
        for place, cell in enumerate(self.scores):
            if cell.points is None and cell.reason is None:
                continue
            if cell.reason is None:
                raise InvalidInput(_NO_REASON, code="reason_missing", field=f"scores.{place}.reason")
            if cell.points is None:
                raise InvalidInput(_NO_POINTS, code="points_missing", field=f"scores.{place}.points")
            if cell.bid_id == bid_id:
                scores.append(GivenScore(cell.criterion_id, cell.points, cell.reason))
        return scores


class InCase(View):
    """The case that something is done in."""

    case_id: UUID


@router.get("/procedures/{procedure_id}/opening")
async def show_opening(request: Request, procedure_id: UUID, session: ReadSession) -> Response:
    """Say what opening does, and who has confirmed it."""
    return await _opening_page(request, session, procedure_id, Form())


@router.post("/procedures/{procedure_id}/opening")
async def send_opening(request: Request, procedure_id: UUID, session: ReadSession) -> Response:
    """Confirm as an appointed opener that the bids be opened; the last to confirm opens them."""

    async def command(context: CommandContext, _body: Body) -> InCase:
        procedure = await opening.confirm_opening(
            context.session, context.clock, keys_of(request), procedure_id, by=context.actor.person_id
        )
        return InCase(case_id=procedure.case_id)

    def done(answer: Mapping[str, str]) -> str:
        return case_address(answer["case_id"])

    again = partial(_opening_page, request, session, procedure_id)
    return await take_form(request, Body, command, done=done, again=again)


async def _opening_page(request: Request, session: AsyncSession, procedure_id: UUID, form: Form[Any]) -> Response:
    procedure = await get_procedure(session, procedure_id)
    openers = await openers_of(session, procedure_id)
    does = [
        Text(
            N_("The bids that came before the deadline, {deadline}, are opened all at once."),
            {"deadline": procedure.deadline},
        ),
        Text(N_("What came later is recorded and stays closed.")),
        Text(N_("Who opened, and when, is kept in the file.")),
    ]
    if len(openers) > 1:
        does.insert(0, Text(N_("All appointed openers confirm; when the last one does, the bids are opened.")))
    return office_page(
        request,
        "bids/opening.html",
        form=form,
        does=does,
        procedure=procedure,
        case=await get_case(session, procedure.case_id),
        openers=openers,
        names=await find_names(session, [each.person_id for each in openers]),
    )


@router.get("/procedures/{procedure_id}/bids")
async def show_bids(request: Request, procedure_id: UUID, session: ReadSession, actor: CurrentActor) -> Response:
    """Show the opened bids beside each other with their scores, as one form, to the case's officers."""
    return await _bids_page(request, session, procedure_id, actor.person_id, Form())


@router.post("/procedures/{procedure_id}/bids")
async def send_scores(request: Request, procedure_id: UUID, session: ReadSession, actor: CurrentActor) -> Response:
    """Keep the scores of all bids, and why one is not evaluated."""

    async def command(context: CommandContext, body: Matrix) -> None:
        procedure = await get_procedure(context.session, procedure_id)
        of_it = {bid.id for bid in (await queries.evaluation_of(context.session, procedure)).bids}
        if not {row.bid_id for row in body.bids} <= of_it:
            raise not_there()
        for row in body.bids:
            await opening.score_bid(
                context.session,
                context.clock,
                row.bid_id,
                body.given(row.bid_id),
                disqualified_reason=row.disqualified_reason,
                by=context.actor.person_id,
            )

    again = partial(_bids_page, request, session, procedure_id, actor.person_id)
    return await take_form(request, Matrix, command, done=f"/procurement/procedures/{procedure_id}/bids", again=again)


async def _bids_page(
    request: Request, session: AsyncSession, procedure_id: UUID, person_id: UUID, form: Form[Any]
) -> Response:
    opened = await queries.opening_view(session, keys_of(request), procedure_id, person_id)
    procedure = await get_procedure(session, procedure_id)
    criteria = await criteria_of(session, procedure_id)
    return office_page(
        request,
        "bids/bids.html",
        form=form,
        opened=opened,
        procedure=procedure,
        policy=procedure.its_policy(),
        case=await get_case(session, procedure.case_id),
        criteria=criteria,
        judged=[each for each in criteria if each.kind is CriterionKind.QUALITY],
        names=await find_names(session, [each.person_id for each in opened.openers]),
        cells=_cells(opened.bids),
        answers=_answers(opened.bids),
        may_score=_may_score(procedure),
    )


def _may_score(procedure: Procedure) -> bool:
    return procedure.state is ProcedureState.OPENED


def _cells(bids: Sequence[queries.BidView]) -> dict[tuple[UUID, UUID], queries.ScoreView]:
    """Return the scores by bid and criterion."""
    return {(bid.bid_id, score.criterion_id): score for bid in bids for score in bid.scores}


def _answers(bids: Sequence[queries.BidView]) -> dict[tuple[UUID, UUID], str]:
    """Return what the suppliers say, by bid and criterion."""
    return {
        (bid.bid_id, UUID(str(answer["criterion_id"]))): str(answer["text"]) for bid in bids for answer in bid.answers
    }
