"""Lots and the advice on them over HTTP."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import Field

from services.procurement.access import translator_of
from services.procurement.advice.rules import Route, StatedLimit
from services.procurement.advice.views import AdviceView, advice_view, packed_advice
from services.procurement.cases import lot_commands, queries
from services.procurement.cases.lot_commands import LotPlan, Stated
from services.procurement.cases.queries import LotView
from services.procurement.cases.tables import LotAdvice
from shared.kernel.identity import cpv
from shared.kernel.money import Money
from shared.web.bodies import LARGEST_ORE, Body, Line, Ore, Paragraph, Reason, View
from shared.web.edge import CommandContext, CurrentClock, ReadSession, run_command
from shared.web.validation import checked

router = APIRouter(tags=["lots and advice"])


class AddLot(Body):
    """What is to be bought; amounts in öre without VAT.

    `value_ore` is the buyer's whole foreseeable need, options and extensions counted; `outside_ore` what it buys of the
    same kind outside the project. Similar lots are added up unless `pooled` is false, with the reason.
    """

    title: Line
    cpv: Annotated[str, Field(max_length=12), checked(cpv)]
    value_ore: Annotated[int, Field(gt=0, le=LARGEST_ORE)]
    value_basis: Paragraph
    outside_ore: Ore = 0
    outside_statement: Paragraph
    pooled: bool = True
    not_pooled_reason: Reason | None = None


class StatedAmount(Body):
    """An amount that the officer has looked up, and where."""

    ore: Annotated[int, Field(gt=0, le=LARGEST_ORE)]
    source: Line

    def as_limit(self) -> StatedLimit:
        """The same as the rules take it."""
        return StatedLimit(Money(self.ore), self.source)


class StatedAmounts(Body):
    """Amounts for figures that are not confirmed; a confirmed one is not replaced."""

    direct: StatedAmount | None = None
    direct_annex2: StatedAmount | None = None
    threshold: StatedAmount | None = None

    def as_stated(self) -> Stated:
        """The same as the commands take it."""
        return Stated(
            direct=self.direct.as_limit() if self.direct else None,
            direct_annex2=self.direct_annex2.as_limit() if self.direct_annex2 else None,
            threshold=self.threshold.as_limit() if self.threshold else None,
        )


class ChooseRoute(Body):
    """The officer's choice: whether she takes the lot for one of bilaga 2, how it is bought, and why."""

    annex2: bool
    route: Route
    reason: Reason
    stated: StatedAmounts = StatedAmounts()


class ChoiceView(View):
    """What was chosen, by which advice."""

    given_at: datetime
    given_to: UUID
    day: date
    annex2: bool
    route: Route
    reason: str
    advice: AdviceView


class LotAdviceView(View):
    """The advice as of now, and the choice made before, if one was."""

    lot: LotView
    advice: AdviceView
    choice: ChoiceView | None


@router.post("/cases/{case_id}/lots", status_code=201, response_model=LotView)
async def add_lot(request: Request, case_id: UUID, body: AddLot) -> Response:
    """Add a lot to a case."""

    async def command(context: CommandContext) -> LotView:
        plan = LotPlan(**body.model_dump())
        lot = await lot_commands.add_lot(context.session, context.clock, case_id, plan, by=context.actor.person_id)
        return LotView.model_validate(lot)

    return await run_command(request, command, status=201)


@router.post("/lots/{lot_id}/advice", status_code=201, response_model=ChoiceView)
async def choose_route(request: Request, lot_id: UUID, body: ChooseRoute) -> Response:
    """Take advice on a lot and choose a route by it; a direct purchase that is not allowed is refused."""

    async def command(context: CommandContext) -> ChoiceView:
        chosen = await lot_commands.choose_route(
            context.session,
            context.clock,
            lot_id,
            stated=body.stated.as_stated(),
            annex2=body.annex2,
            route=body.route,
            reason=body.reason,
            by=context.actor.person_id,
        )
        return _choice_view(request, chosen)

    return await run_command(request, command, status=201)


@router.get("/lots/{lot_id}/advice")
async def get_advice(request: Request, lot_id: UUID, session: ReadSession, clock: CurrentClock) -> LotAdviceView:
    """The advice on a lot: both outcomes of the question whether its code is in bilaga 2, each with its source."""
    lot = await lot_commands.get_lot(session, lot_id)
    advice = await lot_commands.advice_on(session, clock, lot, Stated())
    choice = await queries.find_choice(session, lot_id)
    return LotAdviceView(
        lot=LotView.model_validate(lot),
        advice=advice_view(packed_advice(advice), translator_of(request)),
        choice=_choice_view(request, choice) if choice else None,
    )


def _choice_view(request: Request, choice: LotAdvice) -> ChoiceView:
    return ChoiceView(
        given_at=choice.given_at,
        given_to=choice.given_to,
        day=choice.day,
        annex2=choice.annex2,
        route=choice.route,
        reason=choice.reason,
        advice=advice_view(choice.advice, translator_of(request)),
    )
