"""Reading procedures: for the case's buyer, and for a supplier that is invited. Neither sees anything of bids here."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import and_, not_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.advice.rules import Route
from services.procurement.buyers.queries import not_there
from services.procurement.buyers.rules import Policy
from services.procurement.buyers.tables import Buyer
from services.procurement.cases.tables import Case
from services.procurement.procedures.rules import CriterionKind, Phase, ProcedureState, phase_of
from services.procurement.procedures.tables import Criterion, Invitation, Opener, Procedure
from services.procurement.suppliers.queries import supplier_names
from shared.web.bodies import View, own_id
from shared.web.paging import Page, PageFilter, page_of


class CriterionView(View):
    """What bids are judged by; the weight is in percent."""

    criterion_id: UUID = own_id("criterion_id")
    position: int
    name: str
    description: str
    kind: CriterionKind
    weight: int | None


class OpenerView(View):
    """Somebody appointed to open the bids."""

    person_id: UUID
    confirmed_at: datetime | None


class InvitedView(View):
    """A supplier that is asked to bid."""

    supplier_id: UUID
    name: str
    invited_at: datetime


class ProcedureView(View):
    """A procedure as the buyer's officers see it. Bids are never a part of it."""

    procedure_id: UUID = own_id("procedure_id")
    lot_id: UUID
    case_id: UUID
    route: Route
    title: str
    description: str
    deadline: datetime
    questions_until: datetime
    state: ProcedureState
    phase: Phase
    policy: Policy
    criteria: list[CriterionView]
    openers: list[OpenerView]
    invited: list[InvitedView]
    invited_at: datetime | None
    opened_at: datetime | None
    cancelled_for: str | None
    cancel_reason: str | None


class InvitationView(View):
    """A procedure as an invited supplier sees it; who else is asked is not told."""

    procedure_id: UUID
    registration_number: str
    buyer_name: str
    title: str
    description: str
    deadline: datetime
    questions_until: datetime
    phase: Phase
    sealed: bool
    criteria: list[CriterionView]
    invited_at: datetime
    cancel_reason: str | None


async def get_procedure(session: AsyncSession, procedure_id: UUID) -> Procedure:
    """Return the procedure; raises NotFound."""
    procedure = await session.get(Procedure, procedure_id)
    if procedure is None:
        raise not_there()
    return procedure


async def criteria_of(session: AsyncSession, procedure_id: UUID) -> Sequence[Criterion]:
    """Return the criteria in the order in which they were published."""
    found = await session.exec(
        select(Criterion).where(col(Criterion.procedure_id) == procedure_id).order_by(col(Criterion.position))
    )
    return found.all()


async def openers_of(session: AsyncSession, procedure_id: UUID) -> Sequence[Opener]:
    """Return the appointed openers."""
    found = await session.exec(
        select(Opener).where(col(Opener.procedure_id) == procedure_id).order_by(col(Opener.person_id))
    )
    return found.all()


async def invitations_of(session: AsyncSession, procedure_id: UUID) -> Sequence[Invitation]:
    """Return the invitations, in the order in which they were sent."""
    found = await session.exec(
        select(Invitation).where(col(Invitation.procedure_id) == procedure_id).order_by(col(Invitation.id))
    )
    return found.all()


async def is_invited(session: AsyncSession, procedure_id: UUID, supplier_id: UUID) -> bool:
    """Whether the supplier is asked to bid."""
    return await session.get(Invitation, (procedure_id, supplier_id)) is not None


async def procedure_view(session: AsyncSession, procedure: Procedure, now: datetime) -> ProcedureView:
    """Return a procedure for its buyer's officers."""
    invited = await invitations_of(session, procedure.id)
    names = await supplier_names(session, [each.supplier_id for each in invited])
    return ProcedureView(
        procedure_id=procedure.id,
        lot_id=procedure.lot_id,
        case_id=procedure.case_id,
        route=procedure.route,
        title=procedure.title,
        description=procedure.description,
        deadline=procedure.deadline,
        questions_until=procedure.asked_until(),
        state=procedure.state,
        phase=phase_of(procedure.state, deadline=procedure.deadline, now=now),
        policy=procedure.its_policy(),
        criteria=[CriterionView.model_validate(row) for row in await criteria_of(session, procedure.id)],
        openers=[OpenerView.model_validate(row) for row in await openers_of(session, procedure.id)],
        invited=[
            InvitedView(supplier_id=row.supplier_id, name=names[row.supplier_id], invited_at=row.invited_at)
            for row in invited
        ],
        invited_at=procedure.invited_at,
        opened_at=procedure.opened_at,
        cancelled_for=procedure.cancelled_for,
        cancel_reason=procedure.cancel_reason,
    )


async def procedures_of_case(session: AsyncSession, case_id: UUID) -> Sequence[Procedure]:
    """Return the procedures of a case, oldest first."""
    found = await session.exec(
        select(Procedure).where(col(Procedure.case_id) == case_id).order_by(col(Procedure.id)).limit(500)
    )
    return found.all()


async def list_invitations(
    session: AsyncSession,
    supplier_id: UUID,
    query: PageFilter,
    now: datetime,
    *,
    words: str | None = None,
    is_open: bool | None = None,
) -> Page[InvitationView]:
    """Return what a supplier is asked to bid on, newest first; only what has the words in its title, or is open."""
    statement = select(Invitation).where(col(Invitation.supplier_id) == supplier_id)
    if words is not None or is_open is not None:
        statement = statement.join(Procedure, col(Procedure.id) == col(Invitation.procedure_id))
    if words is not None:
        statement = statement.where(col(Procedure.title).icontains(words, autoescape=True))
    if is_open is not None:
        opened = and_(col(Procedure.state) == ProcedureState.INVITED, col(Procedure.deadline) > now)
        statement = statement.where(opened if is_open else not_(opened))
    page = await page_of(session, statement, [col(Invitation.id)], query, keys=lambda row: (row.id,), descending=True)
    return Page(items=await _invitation_views(session, page.rows, now), next=page.next)


async def get_invitation(session: AsyncSession, procedure_id: UUID, supplier_id: UUID, now: datetime) -> InvitationView:
    """Return what a supplier is asked to bid on; raises NotFound for one that is not invited."""
    invitation = await session.get(Invitation, (procedure_id, supplier_id))
    if invitation is None:
        raise not_there()
    (view,) = await _invitation_views(session, [invitation], now)
    return view


async def _invitation_views(
    session: AsyncSession, invitations: Sequence[Invitation], now: datetime
) -> list[InvitationView]:
    ids = [invitation.procedure_id for invitation in invitations]
    found = await session.exec(
        select(Procedure, Case.registration_number, Buyer.name)
        .join(Case, col(Case.id) == col(Procedure.case_id))
        .join(Buyer, col(Buyer.id) == col(Procedure.buyer_id))
        .where(col(Procedure.id).in_(ids))
    )
    procedures = {procedure.id: (procedure, number, buyer) for procedure, number, buyer in found}
    criteria = await session.exec(
        select(Criterion).where(col(Criterion.procedure_id).in_(ids)).order_by(col(Criterion.position))
    )
    published: dict[UUID, list[CriterionView]] = {}
    for row in criteria:
        published.setdefault(row.procedure_id, []).append(CriterionView.model_validate(row))
    return [
        _invitation_view(each, *procedures[each.procedure_id], published.get(each.procedure_id, []), now)
        for each in invitations
    ]


def _invitation_view(
    invitation: Invitation,
    procedure: Procedure,
    registration_number: str,
    buyer_name: str,
    criteria: list[CriterionView],
    now: datetime,
) -> InvitationView:
    return InvitationView(
        procedure_id=procedure.id,
        registration_number=registration_number,
        buyer_name=buyer_name,
        title=procedure.title,
        description=procedure.description,
        deadline=procedure.deadline,
        questions_until=procedure.asked_until(),
        phase=phase_of(procedure.state, deadline=procedure.deadline, now=now),
        sealed=procedure.its_policy().sealed,
        criteria=criteria,
        invited_at=invitation.invited_at,
        cancel_reason=procedure.cancel_reason,
    )
