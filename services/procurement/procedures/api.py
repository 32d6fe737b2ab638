"""Procedures over HTTP: planning, inviting, the deadline, cancelling; and what an invited supplier reads."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request, Response
from pydantic import AwareDatetime, Field

from services.procurement.access import keys_of
from services.procurement.cases.queries import CaseView, case_view
from services.procurement.history import HistoryView, history_of
from services.procurement.procedures import commands, queries
from services.procurement.procedures.commands import ProcedurePlan
from services.procurement.procedures.queries import InvitationView, ProcedureView
from services.procurement.procedures.rules import CancelReason, CriterionKind, CriterionPlan
from shared.web.bodies import Body, Line, LongText, Paragraph, Reason, View
from shared.web.edge import CommandContext, CurrentClock, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["procedures"])


class DescribeCriterion(Body):
    """A criterion; the weight is in percent, and is left out where the buyer's policy has no weights."""

    name: Line
    description: Paragraph
    kind: CriterionKind
    weight: Annotated[int, Field(ge=1, le=100)] | None = None


class PlanProcedure(Body):
    """A direct purchase; the criteria are fixed by it, and the openers are officers of the buyer."""

    title: Line
    description: LongText
    deadline: AwareDatetime
    criteria: Annotated[list[DescribeCriterion], Field(min_length=1, max_length=20)]
    opener_ids: Annotated[list[UUID], Field(min_length=1, max_length=2)]
    questions_until: Annotated[AwareDatetime | None, Field(description="The deadline, where it is left out")] = None

    def as_plan(self) -> ProcedurePlan:
        """The same as a command takes it."""
        return ProcedurePlan(
            title=self.title,
            description=self.description,
            deadline=self.deadline,
            criteria=tuple(
                CriterionPlan(name=each.name, description=each.description, kind=each.kind, weight=each.weight)
                for each in self.criteria
            ),
            opener_ids=tuple(self.opener_ids),
            questions_until=self.questions_until,
        )


class Invite(Body):
    """Suppliers that are asked to bid."""

    supplier_ids: Annotated[list[UUID], Field(min_length=1, max_length=50)]


class ChangeDeadline(Body):
    """A later deadline, and why."""

    deadline: AwareDatetime
    reason: Reason


class CancelProcedure(Body):
    """Why a procedure ends without a contract: the kind of reason, and the reason in words."""

    code: CancelReason
    reason: Reason


class CancelCase(Body):
    """Why a case is closed without a contract."""

    reason: Reason


class ProceduresView(View):
    """The procedures of a case."""

    items: list[ProcedureView]


@router.post("/lots/{lot_id}/procedures", status_code=201, response_model=ProcedureView)
async def plan_procedure(request: Request, lot_id: UUID, body: PlanProcedure) -> Response:
    """Plan a direct purchase of a lot; the officer has chosen that route by advice before."""

    async def command(context: CommandContext) -> ProcedureView:
        procedure = await commands.plan_procedure(
            context.session, context.clock, keys_of(request), lot_id, body.as_plan(), by=context.actor.person_id
        )
        return await queries.procedure_view(context.session, procedure, context.clock.now())

    return await run_command(request, command, status=201)


@router.get("/procedures/{procedure_id}")
async def get_procedure(procedure_id: UUID, session: ReadSession, clock: CurrentClock) -> ProcedureView:
    """A procedure; nothing of bids is in it."""
    return await queries.procedure_view(session, await queries.get_procedure(session, procedure_id), clock.now())


@router.get("/cases/{case_id}/procedures")
async def list_procedures(case_id: UUID, session: ReadSession, clock: CurrentClock) -> ProceduresView:
    """The procedures of a case, oldest first."""
    procedures = await queries.procedures_of_case(session, case_id)
    return ProceduresView(items=[await queries.procedure_view(session, each, clock.now()) for each in procedures])


@router.post("/procedures/{procedure_id}/invitations", status_code=201, response_model=ProcedureView)
async def invite_suppliers(request: Request, procedure_id: UUID, body: Invite) -> Response:
    """Ask suppliers to bid; each is told alone, and none learns who else is asked."""

    async def command(context: CommandContext) -> ProcedureView:
        procedure = await commands.invite(
            context.session, context.clock, procedure_id, body.supplier_ids, by=context.actor.person_id
        )
        await context.session.flush()
        return await queries.procedure_view(context.session, procedure, context.clock.now())

    return await run_command(request, command, status=201)


@router.patch("/procedures/{procedure_id}/deadline", response_model=ProcedureView)
async def change_deadline(request: Request, procedure_id: UUID, body: ChangeDeadline) -> Response:
    """Move the deadline to later before it passes; bids stand, and every invited supplier is told."""

    async def command(context: CommandContext) -> ProcedureView:
        procedure = await commands.change_deadline(
            context.session,
            context.clock,
            procedure_id,
            body.deadline,
            reason=body.reason,
            by=context.actor.person_id,
        )
        return await queries.procedure_view(context.session, procedure, context.clock.now())

    return await run_command(request, command)


@router.post("/procedures/{procedure_id}/cancel", response_model=ProcedureView)
async def cancel_procedure(request: Request, procedure_id: UUID, body: CancelProcedure) -> Response:
    """End a procedure without a contract; every invited supplier is told why."""

    async def command(context: CommandContext) -> ProcedureView:
        procedure = await commands.cancel_procedure(
            context.session,
            context.clock,
            procedure_id,
            code=body.code,
            reason=body.reason,
            by=context.actor.person_id,
        )
        return await queries.procedure_view(context.session, procedure, context.clock.now())

    return await run_command(request, command)


@router.post("/cases/{case_id}/cancel", response_model=CaseView)
async def cancel_case(request: Request, case_id: UUID, body: CancelCase) -> Response:
    """Close a case without a contract: its procedures are cancelled, and its requests wait again."""

    async def command(context: CommandContext) -> CaseView:
        case = await commands.cancel_whole_case(
            context.session, context.clock, case_id, reason=body.reason, by=context.actor.person_id
        )
        await context.session.flush()
        return await case_view(context.session, case)

    return await run_command(request, command)


@router.get("/procedures/{procedure_id}/history")
async def get_procedure_history(procedure_id: UUID, query: PageQuery, session: ReadSession) -> Page[HistoryView]:
    """What happened to a procedure; a bid leaves no trace in it."""
    return await history_of(session, procedure_id, query)


@router.get("/suppliers/{supplier_id}/invitations")
async def list_invitations(
    supplier_id: UUID, query: PageQuery, session: ReadSession, clock: CurrentClock
) -> Page[InvitationView]:
    """What a supplier is asked to bid on, newest first."""
    return await queries.list_invitations(session, supplier_id, query, clock.now())
