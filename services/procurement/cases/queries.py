"""Reading requests, cases and lots."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlalchemy import and_, any_, false, or_, true
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.buyers.queries import not_there
from services.procurement.buyers.tables import Buyer
from services.procurement.cases.rules import CaseState, RequestState, check_may_work
from services.procurement.cases.tables import Case, Declaration, Lot, LotAdvice, TrainingRequest
from services.procurement.copies import EmployerCopy, ProjectCopy
from shared.kernel.grants import Actor
from shared.kernel.roles import Role
from shared.web.bodies import View, own_id
from shared.web.paging import Page, PageFilter, page_of


class RequestFilter(PageFilter):
    """A page of requests in one state."""

    state: Annotated[RequestState, Field(description="Waiting for an officer, unless said otherwise")] = (
        RequestState.WAITING
    )


class CaseFilter(PageFilter):
    """A page of cases, of one state where it is given."""

    state: CaseState | None = None


class RequestView(View):
    """A training request, as the officer sees it."""

    request_id: UUID = own_id("request_id")
    reference: str
    buyer_id: UUID
    project_id: UUID
    employer_id: UUID
    employer_name: str | None = None
    title: str
    description: str
    persons: int
    minutes: int
    wished_from: date | None
    wished_to: date | None
    wished_time: str
    mode: str
    municipality: str
    language: str
    pool: str | None
    state: RequestState
    case_id: UUID | None
    reason: str | None
    submitted_at: datetime


class DeclarationView(View):
    """One person's word about her interests in a case."""

    person_id: UUID
    conflict: bool
    statement: str | None
    declared_at: datetime


class LotView(View):
    """A lot; amounts in öre without VAT."""

    lot_id: UUID = own_id("lot_id")
    case_id: UUID
    title: str
    cpv: str
    value_ore: int
    value_basis: str
    outside_ore: int
    outside_statement: str
    pooled: bool
    not_pooled_reason: str | None


class CaseSummary(View):
    """A case in a list."""

    case_id: UUID = own_id("case_id")
    buyer_id: UUID
    project_id: UUID
    registration_number: str
    title: str
    state: CaseState
    opened_at: datetime
    opened_by: UUID


class CaseView(CaseSummary):
    """A case with what is in it."""

    requests: list[RequestView]
    declarations: list[DeclarationView]
    lots: list[LotView]


async def get_case(session: AsyncSession, case_id: UUID) -> Case:
    """Return the case; raises NotFound."""
    case = await session.get(Case, case_id)
    if case is None:
        raise not_there()
    return case


async def get_request(session: AsyncSession, request_id: UUID) -> TrainingRequest:
    """Return the request; raises NotFound."""
    request = await session.get(TrainingRequest, request_id)
    if request is None:
        raise not_there()
    return request


async def check_case_officer(session: AsyncSession, case_id: UUID, person_id: UUID) -> None:
    """Raise NotAllowed unless the person has declared that she has no conflict of interest in the case."""
    declaration = await session.get(Declaration, (case_id, person_id))
    check_may_work(declared=declaration is not None, conflict=declaration is not None and declaration.conflict)


async def list_requests(
    session: AsyncSession, buyer_id: UUID, query: RequestFilter, *, projects: frozenset[UUID]
) -> Page[RequestView]:
    """Return a buyer's requests of the projects, oldest first."""
    statement = select(TrainingRequest).where(
        col(TrainingRequest.buyer_id) == buyer_id,
        col(TrainingRequest.project_id).in_(projects),
        col(TrainingRequest.state) == query.state,
    )
    page = await page_of(
        session,
        statement,
        [col(TrainingRequest.submitted_at), col(TrainingRequest.id)],
        query,
        keys=lambda request: (request.submitted_at, request.id),
    )
    return Page(items=await request_views(session, page.rows), next=page.next)


async def request_views(session: AsyncSession, requests: Sequence[TrainingRequest]) -> list[RequestView]:
    """Return requests with their employers' names, where these are known."""
    employers = {request.employer_id for request in requests}
    found = await session.exec(
        select(EmployerCopy.employer_id, EmployerCopy.name).where(col(EmployerCopy.employer_id).in_(employers))
    )
    names: dict[UUID, str] = dict(found.all())
    return [
        RequestView.model_validate(request).model_copy(update={"employer_name": names.get(request.employer_id)})
        for request in requests
    ]


async def list_cases(
    session: AsyncSession, buyer_id: UUID, query: CaseFilter, *, projects: frozenset[UUID]
) -> Page[CaseSummary]:
    """Return a buyer's cases for the projects, newest first."""
    statement = select(Case).where(col(Case.buyer_id) == buyer_id, col(Case.project_id).in_(projects))
    if query.state is not None:
        statement = statement.where(col(Case.state) == query.state)
    page = await page_of(session, statement, [col(Case.id)], query, keys=lambda case: (case.id,), descending=True)
    return Page(items=[CaseSummary.model_validate(case) for case in page.rows], next=page.next)


async def requests_of(session: AsyncSession, case_id: UUID) -> Sequence[TrainingRequest]:
    """Return the requests of a case, by when they came; withdrawn ones are among them."""
    found = await session.exec(
        select(TrainingRequest)
        .where(col(TrainingRequest.case_id) == case_id)
        .order_by(col(TrainingRequest.submitted_at), col(TrainingRequest.id))
    )
    return found.all()


async def lots_of(session: AsyncSession, case_id: UUID) -> Sequence[Lot]:
    """Return the lots of a case, in the order in which they were added."""
    found = await session.exec(select(Lot).where(col(Lot.case_id) == case_id).order_by(col(Lot.added_at), col(Lot.id)))
    return found.all()


async def case_view(session: AsyncSession, case: Case) -> CaseView:
    """Return a case with its requests, declarations and lots."""
    declarations = await session.exec(
        select(Declaration)
        .where(col(Declaration.case_id) == case.id)
        .order_by(col(Declaration.declared_at), col(Declaration.person_id))
    )
    return CaseView(
        **CaseSummary.model_validate(case).model_dump(),
        requests=await request_views(session, await requests_of(session, case.id)),
        declarations=[DeclarationView.model_validate(row) for row in declarations],
        lots=[LotView.model_validate(row) for row in await lots_of(session, case.id)],
    )


async def find_choice(session: AsyncSession, lot_id: UUID) -> LotAdvice | None:
    """Return the newest advice on a lot with the choice made by it."""
    found = await session.exec(
        select(LotAdvice)
        .where(col(LotAdvice.lot_id) == lot_id)
        .order_by(col(LotAdvice.given_at).desc(), col(LotAdvice.id).desc())
        .limit(1)
    )
    return found.first()


async def places_of_officer(session: AsyncSession, actor: Actor) -> Sequence[tuple[Buyer, ProjectCopy]]:
    """Return the buyers with their projects for which the actor may open a case, by the names of both."""
    grants = [
        and_(
            true() if grant.buyer_id is None else col(Buyer.id) == grant.buyer_id,
            true() if grant.project_id is None else col(ProjectCopy.project_id) == grant.project_id,
        )
        for grant in actor.grants_of(Role.PROCUREMENT_OFFICER)
    ]
    found = await session.exec(
        select(Buyer, ProjectCopy)
        .join(ProjectCopy, col(Buyer.id) == any_(col(ProjectCopy.buyer_ids)))
        .where(or_(false(), *grants))
        .order_by(col(ProjectCopy.name), col(Buyer.name), col(Buyer.id))
    )
    return found.all()
