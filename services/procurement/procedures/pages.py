"""Procedures on pages: planning a direct purchase, inviting, moving the deadline, cancelling. Nothing of bids."""

from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.procurement.access import keys_of
from services.procurement.buyers.queries import get_buyer, list_officers
from services.procurement.cases.lot_commands import get_lot
from services.procurement.cases.queries import get_case, request_views, requests_of
from services.procurement.cases.rules import RequestState
from services.procurement.office import Because, case_address, office_page
from services.procurement.procedures import commands, queries
from services.procurement.procedures.commands import ProcedurePlan
from services.procurement.procedures.rules import CancelReason, CriterionKind, CriterionPlan
from services.procurement.suppliers.tables import Supplier
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Line, LongText, Paragraph, Reason, View
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.typed import LocalTime

router = APIRouter()
_MOST_SUPPLIERS: Final = 500


class CriterionRow(Body):
    """A criterion as it is typed; the weight is in percent."""

    name: Line
    description: Paragraph
    kind: CriterionKind = CriterionKind.QUALITY
    weight: Annotated[int, Field(ge=1, le=100)] | None = None


class PlanForm(Body):
    """A direct purchase as it is typed."""

    title: Line
    description: LongText
    deadline: LocalTime
    questions_until: LocalTime | None = None
    criteria: Annotated[list[CriterionRow], Field(min_length=1, max_length=20)]
    opener_ids: Annotated[list[UUID], Field(min_length=1, max_length=2)]

    def as_plan(self) -> ProcedurePlan:
        """The same as a command takes it."""
        return ProcedurePlan(
            title=self.title,
            description=self.description,
            deadline=self.deadline,
            questions_until=self.questions_until,
            criteria=tuple(
                CriterionPlan(name=each.name, description=each.description, kind=each.kind, weight=each.weight)
                for each in self.criteria
            ),
            opener_ids=tuple(self.opener_ids),
        )


class InviteForm(Body):
    """Suppliers that are asked to bid."""

    supplier_ids: Annotated[list[UUID], Field(min_length=1, max_length=50)]


class DeadlineForm(Body):
    """A later deadline, and why."""

    deadline: LocalTime
    reason: Reason


class CancelForm(Body):
    """The kind of reason why a procedure ends without a contract, and the reason in words."""

    code: CancelReason
    reason: Reason


class InCase(View):
    """The case that something is done in."""

    case_id: UUID
    procedure_id: UUID


def _done(answer: dict[str, str]) -> str:
    return case_address(answer["case_id"])


@router.get("/lots/{lot_id}/procedures/new")
async def show_plan_procedure(request: Request, lot_id: UUID, session: ReadSession) -> Response:
    """Ask how the lot is bought: what is asked for, criteria, deadline, openers; and show what is law and policy."""
    return await _plan_page(request, session, lot_id, Form())


@router.post("/lots/{lot_id}/procedures/new")
async def send_plan_procedure(request: Request, lot_id: UUID, session: ReadSession) -> Response:
    """Plan the direct purchase, and go on to inviting."""

    async def command(context: CommandContext, body: PlanForm) -> InCase:
        planned = await commands.plan_procedure(
            context.session,
            context.clock,
            keys_of(request),
            lot_id,
            body.as_plan(),
            by=context.actor.person_id,
        )
        return InCase(case_id=planned.case_id, procedure_id=planned.id)

    again = partial(_plan_page, request, session, lot_id)
    return await take_form(
        request,
        PlanForm,
        command,
        done=lambda answer: f"/procurement/procedures/{answer['procedure_id']}/invitations",
        again=again,
    )


async def _plan_page(request: Request, session: AsyncSession, lot_id: UUID, form: Form[Any]) -> Response:
    lot = await get_lot(session, lot_id)
    buyer = await get_buyer(session, lot.buyer_id)
    officers = await list_officers(session, lot.buyer_id)
    requests = await request_views(session, await requests_of(session, lot.case_id))
    return office_page(
        request,
        "procedures/plan.html",
        form=form,
        lot=lot,
        case=await get_case(session, lot.case_id),
        buyer=buyer,
        policy=buyer.its_policy(),
        openers=[each for each in officers if Role.PROCUREMENT_OFFICER.value in each.roles],
        requests=[each for each in requests if each.state is not RequestState.WITHDRAWN],
    )


@router.get("/procedures/{procedure_id}/invitations")
async def show_invite(request: Request, procedure_id: UUID, session: ReadSession) -> Response:
    """Show whom to ask: the register of suppliers, without those who are asked already."""
    return await _invite_page(request, session, procedure_id, Form())


@router.post("/procedures/{procedure_id}/invitations")
async def send_invite(request: Request, procedure_id: UUID, session: ReadSession) -> Response:
    """Ask the chosen suppliers to bid."""

    async def command(context: CommandContext, body: InviteForm) -> InCase:
        procedure = await commands.invite(
            context.session, context.clock, procedure_id, body.supplier_ids, by=context.actor.person_id
        )
        return InCase(case_id=procedure.case_id, procedure_id=procedure_id)

    again = partial(_invite_page, request, session, procedure_id)
    return await take_form(request, InviteForm, command, done=_done, again=again)


async def _invite_page(request: Request, session: AsyncSession, procedure_id: UUID, form: Form[Any]) -> Response:
    procedure = await queries.get_procedure(session, procedure_id)
    asked = {each.supplier_id for each in await queries.invitations_of(session, procedure_id)}
    found = await session.exec(select(Supplier).order_by(col(Supplier.name), col(Supplier.id)).limit(_MOST_SUPPLIERS))
    suppliers = found.all()
    return office_page(
        request,
        "procedures/invite.html",
        form=form,
        procedure=procedure,
        case=await get_case(session, procedure.case_id),
        suppliers=[each for each in suppliers if each.id not in asked],
        asked=[each for each in suppliers if each.id in asked],
    )


@router.get("/procedures/{procedure_id}/deadline")
async def show_change_deadline(request: Request, procedure_id: UUID, session: ReadSession) -> Response:
    """Say what moving the deadline does, before it is done."""
    return await _deadline_page(request, session, procedure_id, Form())


@router.post("/procedures/{procedure_id}/deadline")
async def send_change_deadline(request: Request, procedure_id: UUID, session: ReadSession) -> Response:
    """Move the deadline to later."""

    async def command(context: CommandContext, body: DeadlineForm) -> InCase:
        procedure = await commands.change_deadline(
            context.session,
            context.clock,
            procedure_id,
            body.deadline,
            reason=body.reason,
            by=context.actor.person_id,
        )
        return InCase(case_id=procedure.case_id, procedure_id=procedure_id)

    again = partial(_deadline_page, request, session, procedure_id)
    return await take_form(request, DeadlineForm, command, done=_done, again=again)


async def _deadline_page(request: Request, session: AsyncSession, procedure_id: UUID, form: Form[Any]) -> Response:
    procedure = await queries.get_procedure(session, procedure_id)
    does = [
        Text(N_("Bids are taken until the new deadline; it can be later only.")),
        Text(N_("What has been sent stands, unless the supplier replaces it or takes it back.")),
        Text(N_("Every invited supplier is told the new deadline at once.")),
        Text(N_("The reason is kept in the case's history.")),
    ]
    case = await get_case(session, procedure.case_id)
    return office_page(request, "procedures/deadline.html", form=form, does=does, procedure=procedure, case=case)


@router.get("/procedures/{procedure_id}/cancel")
async def show_cancel_procedure(request: Request, procedure_id: UUID, session: ReadSession) -> Response:
    """Say what cancelling does, before it is done."""
    return await _cancel_page(request, session, procedure_id, Form())


@router.post("/procedures/{procedure_id}/cancel")
async def send_cancel_procedure(request: Request, procedure_id: UUID, session: ReadSession) -> Response:
    """End a procedure without a contract."""

    async def command(context: CommandContext, body: CancelForm) -> InCase:
        procedure = await commands.cancel_procedure(
            context.session,
            context.clock,
            procedure_id,
            code=body.code,
            reason=body.reason,
            by=context.actor.person_id,
        )
        return InCase(case_id=procedure.case_id, procedure_id=procedure_id)

    again = partial(_cancel_page, request, session, procedure_id)
    return await take_form(request, CancelForm, command, done=_done, again=again)


async def _cancel_page(request: Request, session: AsyncSession, procedure_id: UUID, form: Form[Any]) -> Response:
    procedure = await queries.get_procedure(session, procedure_id)
    does = [
        Text(
            N_("The purchase “{title}” ends without a contract, which cannot be taken back."),
            {"title": procedure.title},
        ),
        Text(N_("Every invited supplier is told at once, with your reason.")),
        Text(N_("The lot can be bought anew: the full time for bids runs again.")),
    ]
    case = await get_case(session, procedure.case_id)
    return office_page(request, "procedures/cancel.html", form=form, does=does, procedure=procedure, case=case)


@router.get("/cases/{case_id}/cancel")
async def show_cancel_case(request: Request, case_id: UUID, session: ReadSession) -> Response:
    """Say what cancelling the whole case does, before it is done."""
    return await _cancel_case_page(request, session, case_id, Form())


@router.post("/cases/{case_id}/cancel")
async def send_cancel_case(request: Request, case_id: UUID, session: ReadSession) -> Response:
    """Close a case without a contract."""

    async def command(context: CommandContext, body: Because) -> None:
        await commands.cancel_whole_case(
            context.session, context.clock, case_id, reason=body.reason, by=context.actor.person_id
        )

    again = partial(_cancel_case_page, request, session, case_id)
    return await take_form(request, Because, command, done=case_address(case_id), again=again)


async def _cancel_case_page(request: Request, session: AsyncSession, case_id: UUID, form: Form[Any]) -> Response:
    case = await get_case(session, case_id)
    requests = [each for each in await requests_of(session, case_id) if each.state is RequestState.IN_CASE]
    running = [each for each in await queries.procedures_of_case(session, case_id) if each.state.value != "cancelled"]
    does = [
        Text(
            N_("{number} is closed without a contract, which cannot be taken back."),
            {"number": case.registration_number},
        )
    ]
    if running:
        does.append(
            Text(N_("Every purchase in it is cancelled; the suppliers invited are told at once, with your reason."))
        )
    if requests:
        does.append(
            Text(
                N_("Its requests ({references}) go back to the inbox, and the employers are told, with your reason."),
                {"references": [each.reference for each in requests]},
            )
        )
    return office_page(request, "procedures/cancel_case.html", form=form, does=does, case=case)
