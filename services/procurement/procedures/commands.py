"""Planning a procedure, inviting suppliers, moving the deadline, cancelling.

Lock order: the case, then procedures by id. The lock of a procedure is `FOR UPDATE` here; a bid takes `FOR SHARE`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.advice.rules import Route
from services.procurement.base import Keys
from services.procurement.buyers.queries import find_officer, get_buyer, not_there
from services.procurement.buyers.rules import Policy
from services.procurement.cases.commands import cancel_case, locked_open_case
from services.procurement.cases.lot_commands import get_lot
from services.procurement.cases.queries import check_case_officer, find_choice, get_case
from services.procurement.cases.tables import Case
from services.procurement.history import keep_history
from services.procurement.procedures.queries import invitations_of, is_invited
from services.procurement.procedures.rules import (
    PROCEDURE,
    CancelReason,
    CriterionPlan,
    Phase,
    ProcedureState,
    check_criteria,
    check_deadline,
    check_new_deadline,
    check_openers,
    check_questions_until,
    phase_of,
)
from services.procurement.procedures.sealing import new_key_pair
from services.procurement.procedures.tables import Criterion, Invitation, Opener, Procedure
from services.procurement.suppliers.tables import Supplier
from shared.contracts.facts import Recipient
from shared.contracts.procurement import ProcedureCancelled, SupplierInvited
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, InvalidInput, Refused
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from shared.kernel.texts import N_
from shared.messaging.outbox import record


@dataclass(frozen=True, slots=True)
class ProcedurePlan:
    """A procedure as the officer plans it."""

    title: str
    description: str
    deadline: datetime
    criteria: tuple[CriterionPlan, ...]
    opener_ids: tuple[UUID, ...]
    questions_until: datetime | None = None


async def plan_procedure(
    session: AsyncSession, clock: Clock, keys: Keys, lot_id: UUID, plan: ProcedurePlan, *, by: UUID
) -> Procedure:
    """Plan a direct purchase of a lot for which the officer has chosen it by advice.

    Raises Refused where no such choice is recorded, Conflict where the lot is being bought already.
    """
    lot = await get_lot(session, lot_id)
    case = await locked_open_case(session, lot.case_id)
    await check_case_officer(session, case.id, by)
    choice = await find_choice(session, lot_id)
    if choice is None or choice.route is not Route.DIRECT_PURCHASE:
        raise Refused(N_("Take advice on the lot first, and choose a direct purchase by it."), code="route_not_chosen")
    active = select(Procedure.id).where(
        col(Procedure.lot_id) == lot_id, col(Procedure.state) != ProcedureState.CANCELLED
    )
    if (await session.exec(active)).first() is not None:
        raise Conflict(N_("This lot is being bought already."), code="lot_taken")
    buyer = await get_buyer(session, case.buyer_id)
    policy = buyer.its_policy()
    check_criteria(policy.criteria, plan.criteria)
    await _check_openers(session, case, policy, plan.opener_ids)
    now = clock.now()
    check_deadline(plan.deadline, now=now)
    check_questions_until(plan.questions_until, deadline=plan.deadline, now=now)
    procedure_id = new_id()
    public_key, wrapped_key = new_key_pair(keys, procedure_id)
    procedure = Procedure(
        id=procedure_id,
        lot_id=lot_id,
        case_id=case.id,
        buyer_id=case.buyer_id,
        project_id=case.project_id,
        route=Route.DIRECT_PURCHASE,
        title=plan.title,
        description=plan.description,
        deadline=plan.deadline,
        questions_until=plan.questions_until,
        policy=policy.model_dump(mode="json"),
        public_key=public_key,
        wrapped_key=wrapped_key,
    )
    session.add(procedure)
    await session.flush()
    _add_parts(session, procedure, plan)
    keep_history(session, "procedure", procedure.id, at=now, by=by, after=ProcedureState.DRAFT)
    await session.flush()
    return procedure


def _add_parts(session: AsyncSession, procedure: Procedure, plan: ProcedurePlan) -> None:
    for position, criterion in enumerate(plan.criteria, start=1):
        session.add(
            Criterion(
                procedure_id=procedure.id,
                position=position,
                name=criterion.name,
                description=criterion.description,
                kind=criterion.kind,
                weight=criterion.weight,
            )
        )
    for person_id in plan.opener_ids:
        session.add(Opener(procedure_id=procedure.id, person_id=person_id))


async def _check_openers(session: AsyncSession, case: Case, policy: Policy, openers: Sequence[UUID]) -> None:
    check_openers(policy, openers)
    for opener in openers:
        if await find_officer(session, case.buyer_id, opener, Role.PROCUREMENT_OFFICER) is None:
            raise InvalidInput(
                N_("{person} is not a procurement officer of the buyer. Choose among its officers."),
                code="opener_unknown",
                field="opener_ids",
                person=str(opener),
            )


async def invite(
    session: AsyncSession, clock: Clock, procedure_id: UUID, supplier_ids: Sequence[UUID], *, by: UUID
) -> Procedure:
    """Ask suppliers to bid; each is told alone. More can be asked until the deadline.

    Raises Refused after the deadline, InvalidInput for a supplier that is not in the register or was asked before.
    """
    procedure = await locked_procedure(session, procedure_id)
    await check_case_officer(session, procedure.case_id, by)
    now = clock.now()
    if procedure.state is ProcedureState.DRAFT:
        check_deadline(procedure.deadline, now=now)
        move_procedure(session, procedure, ProcedureState.INVITED, at=now, by=by)
        procedure.invited_at = now
    elif phase_of(procedure.state, deadline=procedure.deadline, now=now) is not Phase.OPEN_FOR_BIDS:
        raise Refused(
            N_("Suppliers are invited until the deadline; it was {deadline}."),
            code="deadline_passed",
            deadline=procedure.deadline,
        )
    else:
        procedure.version += 1
    await _check_invited(session, procedure, supplier_ids)
    for supplier_id in supplier_ids:
        session.add(Invitation(procedure_id=procedure.id, supplier_id=supplier_id, invited_at=now, invited_by=by))
        await _tell_invited(session, procedure, supplier_id, now)
    return procedure


async def _check_invited(session: AsyncSession, procedure: Procedure, supplier_ids: Sequence[UUID]) -> None:
    known = set((await session.exec(select(Supplier.id).where(col(Supplier.id).in_(supplier_ids)))).all())
    before = {invitation.supplier_id for invitation in await invitations_of(session, procedure.id)}
    for supplier_id in supplier_ids:
        if supplier_id not in known or supplier_id in before or supplier_ids.count(supplier_id) > 1:
            raise InvalidInput(
                N_("Supplier {supplier} is not in the register, or is invited already."),
                code="supplier_not_invitable",
                field="supplier_ids",
                supplier=str(supplier_id),
            )


async def change_deadline(
    session: AsyncSession, clock: Clock, procedure_id: UUID, deadline: datetime, *, reason: str, by: UUID
) -> Procedure:
    """Move the deadline to later while bidding goes on; bids stand, and every invited supplier is told."""
    procedure = await locked_procedure(session, procedure_id)
    await check_case_officer(session, procedure.case_id, by)
    now = clock.now()
    phase = phase_of(procedure.state, deadline=procedure.deadline, now=now)
    check_new_deadline(phase, before=procedure.deadline, after=deadline, now=now)
    keep_history(
        session, "procedure", procedure.id, at=now, by=by, before=procedure.state, after=procedure.state, reason=reason
    )
    procedure.deadline = deadline
    procedure.version += 1
    for invitation in await invitations_of(session, procedure.id):
        await _tell_invited(session, procedure, invitation.supplier_id, now)
    return procedure


async def cancel_procedure(
    session: AsyncSession, clock: Clock, procedure_id: UUID, *, code: CancelReason, reason: str, by: UUID
) -> Procedure:
    """End a procedure without a contract, for an objective reason that every invited supplier is told."""
    procedure = await locked_procedure(session, procedure_id)
    await check_case_officer(session, procedure.case_id, by)
    await _cancel(session, procedure, at=clock.now(), code=code, reason=reason, by=by)
    return procedure


async def cancel_whole_case(session: AsyncSession, clock: Clock, case_id: UUID, *, reason: str, by: UUID) -> Case:
    """Cancel a case and the procedures in it; its requests wait again. Raises Conflict once a contract is signed."""
    await locked_open_case(session, case_id)
    await check_case_officer(session, case_id, by)
    statement = select(Procedure).where(
        col(Procedure.case_id) == case_id, col(Procedure.state) != ProcedureState.CANCELLED
    )
    procedures = (await session.exec(statement.order_by(col(Procedure.id)).with_for_update())).all()
    now = clock.now()
    for procedure in procedures:
        await _cancel(session, procedure, at=now, code=CancelReason.CASE_CANCELLED, reason=reason, by=by)
    return await cancel_case(session, clock, case_id, reason=reason, by=by)


async def locked_procedure(session: AsyncSession, procedure_id: UUID) -> Procedure:
    """Return the procedure, locked against bids and every other change; raises NotFound."""
    procedure = await session.get(Procedure, procedure_id, with_for_update=True, populate_existing=True)
    if procedure is None:
        raise not_there()
    return procedure


async def procedure_held(session: AsyncSession, procedure_id: UUID) -> Procedure:
    """Return the procedure, held against opening and changes but not against bids; raises NotFound."""
    procedure = await session.get(Procedure, procedure_id, with_for_update={"read": True}, populate_existing=True)
    if procedure is None:
        raise not_there()
    return procedure


async def procedure_held_for(session: AsyncSession, procedure_id: UUID, supplier_id: UUID) -> Procedure:
    """Return the procedure, held as by `procedure_held`; raises NotFound for a supplier that is not invited."""
    procedure = await procedure_held(session, procedure_id)
    if not await is_invited(session, procedure_id, supplier_id):
        raise not_there()
    return procedure


def move_procedure(
    session: AsyncSession,
    procedure: Procedure,
    after: ProcedureState,
    *,
    at: datetime,
    by: UUID,
    reason: str | None = None,
) -> None:
    """Move a locked procedure, and keep its history."""
    PROCEDURE.check(procedure.state, after)
    keep_history(session, "procedure", procedure.id, at=at, by=by, before=procedure.state, after=after, reason=reason)
    procedure.state = after
    procedure.version += 1
    session.add(procedure)


async def _cancel(
    session: AsyncSession, procedure: Procedure, *, at: datetime, code: CancelReason, reason: str, by: UUID
) -> None:
    move_procedure(session, procedure, ProcedureState.CANCELLED, at=at, by=by, reason=reason)
    procedure.cancelled_for, procedure.cancel_reason = code.value, reason
    invited = await invitations_of(session, procedure.id)
    if not invited:
        return
    fact = ProcedureCancelled(
        **await told_of_procedure(session, procedure),
        reason=reason,
        recipients=tuple(Recipient(kind="supplier", id=each.supplier_id, part="invited") for each in invited),
    )
    await record(session, fact, version=procedure.version, at=at)


async def _tell_invited(session: AsyncSession, procedure: Procedure, supplier_id: UUID, at: datetime) -> None:
    fact = SupplierInvited(
        **await told_of_procedure(session, procedure),
        deadline=procedure.deadline,
        recipients=(Recipient(kind="supplier", id=supplier_id, part="invited"),),
    )
    await record(session, fact, version=procedure.version, at=at)


async def told_of_procedure(session: AsyncSession, procedure: Procedure) -> dict[str, object]:
    """Return what every fact about a procedure says."""
    case = await get_case(session, procedure.case_id)
    buyer = await get_buyer(session, procedure.buyer_id)
    return {
        "procedure_id": procedure.id,
        "case_id": procedure.case_id,
        "registration_number": case.registration_number,
        "project_id": procedure.project_id,
        "buyer_id": procedure.buyer_id,
        "buyer_name": buyer.name,
        "title": procedure.title,
    }
