"""Requests come in, are declined, taken into cases and returned; cases are opened and cancelled.

Lock order: the case, then its requests by id.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.buyers.queries import get_buyer, not_there
from services.procurement.buyers.tables import Buyer
from services.procurement.cases.rules import (
    CASE,
    REQUEST,
    CaseState,
    RequestState,
    check_declaration,
    check_poolable,
    registration_number,
)
from services.procurement.cases.tables import Case, CaseNumber, Declaration, TrainingRequest
from services.procurement.copies import people_granted
from services.procurement.history import keep_history
from shared.contracts.booking import TrainingRequestSubmitted, TrainingRequestWithdrawn
from shared.contracts.facts import Recipient
from shared.contracts.procurement import TrainingRequestDeclined, TrainingRequestReturned, TrainingRequestTaken
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.errors import InvalidInput
from shared.kernel.roles import Role
from shared.kernel.texts import N_
from shared.messaging.outbox import record
from shared.messaging.reactions import NotYetKnown

_ASKERS = ("contact", "coach")


async def receive_request(session: AsyncSession, clock: Clock, fact: TrainingRequestSubmitted) -> TrainingRequest:
    """Put a submitted request into its buyer's inbox; one submitted again waits again.

    Raises NotYetKnown while the buyer is not loaded here.
    """
    if await session.get(Buyer, fact.buyer_id) is None:
        raise NotYetKnown("buyer", fact.buyer_id)
    request = await _locked_request(session, fact.request_id)
    now = clock.now()
    asked = fact.model_dump(exclude={"request_id", "recipients"})
    contacts = sorted({str(each.id) for each in fact.recipients if each.kind == "person" and each.part in _ASKERS})
    if request is None:
        request = TrainingRequest(id=fact.request_id, contacts=contacts, submitted_at=now, **asked)
        session.add(request)
        keep_history(session, "request", request.id, at=now, by=None, after=RequestState.WAITING)
        return request
    if request.state is not RequestState.WAITING:
        _move_request(session, request, RequestState.WAITING, at=now, by=None, reason=None)
    request.sqlmodel_update({**asked, "contacts": contacts, "submitted_at": now, "case_id": None})
    return request


async def withdraw_request(session: AsyncSession, clock: Clock, fact: TrainingRequestWithdrawn) -> None:
    """Mark a request that the employer no longer asks for. What is ordered already stays ordered: that is noted.

    Raises NotYetKnown for a request that has not come.
    """
    request = await _locked_request(session, fact.request_id)
    if request is None:
        raise NotYetKnown("training request", fact.request_id)
    now = clock.now()
    if request.state in (RequestState.ORDERED, RequestState.DECLINED):
        keep_history(
            session,
            "request",
            request.id,
            at=now,
            by=None,
            before=request.state,
            after=request.state,
            reason=fact.reason,
        )
        return
    _move_request(session, request, RequestState.WITHDRAWN, at=now, by=None, reason=fact.reason)


async def decline_request(
    session: AsyncSession, clock: Clock, request_id: UUID, *, reason: str, by: UUID
) -> TrainingRequest:
    """Say no to a waiting request, with a reason that the employer reads."""
    request = await _locked_request(session, request_id)
    if request is None:
        raise not_there()
    now = clock.now()
    _move_request(session, request, RequestState.DECLINED, at=now, by=by, reason=reason)
    fact = TrainingRequestDeclined(**await _told_of(session, request), reason=reason)
    await record(session, fact, version=request.version, at=now)
    return request


async def open_case(
    session: AsyncSession,
    clock: Clock,
    buyer_id: UUID,
    *,
    project_id: UUID,
    title: str,
    request_ids: Sequence[UUID],
    by: UUID,
) -> Case:
    """Open a case with the next registration number and put the requests in it."""
    buyer = await get_buyer(session, buyer_id)
    year = legal_day(clock.now()).year
    number = await _next_number(session, buyer, year)
    now = clock.now()
    case = Case(
        buyer_id=buyer_id,
        project_id=project_id,
        registration_number=registration_number(buyer.series, year, number),
        title=title,
        opened_at=now,
        opened_by=by,
    )
    session.add(case)
    await session.flush()
    keep_history(session, "case", case.id, at=now, by=by, after=CaseState.OPEN)
    await _take_requests(session, clock, case, request_ids, by=by)
    return case


async def add_requests(
    session: AsyncSession, clock: Clock, case_id: UUID, request_ids: Sequence[UUID], *, by: UUID
) -> Case:
    """Put waiting requests into an open case: the needs of many employers are bought together."""
    case = await locked_open_case(session, case_id)
    await _take_requests(session, clock, case, request_ids, by=by)
    return case


async def declare(
    session: AsyncSession, clock: Clock, case_id: UUID, *, conflict: bool, statement: str | None, by: UUID
) -> Declaration:
    """Record whether somebody who will work the case has a conflict of interest. Raises Refused for taking one back."""
    await locked_open_case(session, case_id)
    declaration = await session.get(Declaration, (case_id, by), with_for_update=True)
    check_declaration(before=declaration.conflict if declaration else None, conflict=conflict)
    now = clock.now()
    if declaration is None:
        declaration = Declaration(case_id=case_id, person_id=by, conflict=conflict, declared_at=now)
    declaration.conflict, declaration.statement, declaration.declared_at = conflict, statement, now
    session.add(declaration)
    return declaration


async def conclude_case(session: AsyncSession, case: Case, *, at: datetime, by: UUID) -> None:
    """Close a locked case in which everything is bought."""
    _move_case(session, case, CaseState.CONCLUDED, at=at, by=by, reason=None)


async def cancel_case(session: AsyncSession, clock: Clock, case_id: UUID, *, reason: str, by: UUID) -> Case:
    """Close a case without a contract; its requests wait for an officer again. Its procedures are cancelled before."""
    case = await locked_open_case(session, case_id)
    requests = (
        await session.exec(
            select(TrainingRequest)
            .where(col(TrainingRequest.case_id) == case_id, col(TrainingRequest.state) == RequestState.IN_CASE)
            .order_by(col(TrainingRequest.id))
            .with_for_update()
        )
    ).all()
    now = clock.now()
    _move_case(session, case, CaseState.CANCELLED, at=now, by=by, reason=reason)
    for request in requests:
        _move_request(session, request, RequestState.WAITING, at=now, by=by, reason=reason)
        request.case_id = None
        fact = TrainingRequestReturned(**await _told_of(session, request), case_id=case.id, reason=reason)
        await record(session, fact, version=request.version, at=now)
    return case


async def mark_ordered(session: AsyncSession, request_id: UUID, *, at: datetime, by: UUID) -> None:
    """Note that training has been ordered for a request of a case; ordering more for it changes nothing."""
    request = await _locked_request(session, request_id)
    assert request is not None
    if request.state is not RequestState.ORDERED:
        _move_request(session, request, RequestState.ORDERED, at=at, by=by, reason=None)


async def locked_open_case(session: AsyncSession, case_id: UUID) -> Case:
    """Return the case, locked; raises NotFound, and Conflict where it is closed."""
    case = await session.get(Case, case_id, with_for_update=True, populate_existing=True)
    if case is None:
        raise not_there()
    if case.state is not CaseState.OPEN:
        CASE.check(case.state, CaseState.OPEN)
    return case


async def contacts_of(session: AsyncSession, requests: Iterable[TrainingRequest]) -> tuple[Recipient, ...]:
    """Return whom to tell about requests: those whom booking named, and the employers' contacts as they are now."""
    people: set[UUID] = set()
    for request in requests:
        people |= {UUID(contact) for contact in request.contacts}
        people |= {
            person.person_id
            for person in await people_granted(session, Role.CONTACT, employer_id=request.employer_id)
            if _is_granted_for(person.grants, request)
        }
    return tuple(Recipient(kind="person", id=person, part="contact") for person in sorted(people))


def _is_granted_for(grants: Sequence[dict[str, str]], request: TrainingRequest) -> bool:
    """Whether one of the grants as contact of the employer is for the request's project, or for all of them."""
    return any(
        grant["role"] == Role.CONTACT.value
        and grant.get("employer_id") == str(request.employer_id)
        and grant.get("project_id") in (None, str(request.project_id))
        for grant in grants
    )


async def _take_requests(
    session: AsyncSession, clock: Clock, case: Case, request_ids: Sequence[UUID], *, by: UUID
) -> None:
    if not request_ids:
        return
    wanted = sorted(set(request_ids))
    statement = select(TrainingRequest).where(
        col(TrainingRequest.id).in_(wanted), col(TrainingRequest.buyer_id) == case.buyer_id
    )
    requests = (await session.exec(statement.order_by(col(TrainingRequest.id)).with_for_update())).all()
    if missing := set(wanted) - {request.id for request in requests}:
        raise InvalidInput(
            N_("There is no request {request} among those for this buyer."),
            code="request_unknown",
            field="request_ids",
            request=str(min(missing)),
        )
    check_poolable(buyers={case.buyer_id}, projects={case.project_id, *(each.project_id for each in requests)})
    now = clock.now()
    for request in requests:
        _move_request(session, request, RequestState.IN_CASE, at=now, by=by, reason=None, case_id=case.id)
        fact = TrainingRequestTaken(
            **await _told_of(session, request), case_id=case.id, registration_number=case.registration_number
        )
        await record(session, fact, version=request.version, at=now)


async def _next_number(session: AsyncSession, buyer: Buyer, year: int) -> int:
    """Return the next number of the buyer's series; whoever comes next waits until this transaction ends."""
    first = insert(CaseNumber).values(buyer_id=buyer.id, series=buyer.series, year=year, last=1)
    statement = first.on_conflict_do_update(
        index_elements=["buyer_id", "series", "year"], set_={"last": col(CaseNumber.last) + 1}
    ).returning(col(CaseNumber.last))
    number: int = (await (await session.connection()).execute(statement)).scalar_one()
    return number


async def _locked_request(session: AsyncSession, request_id: UUID) -> TrainingRequest | None:
    return await session.get(TrainingRequest, request_id, with_for_update=True, populate_existing=True)


def _move_request(
    session: AsyncSession,
    request: TrainingRequest,
    after: RequestState,
    *,
    at: datetime,
    by: UUID | None,
    reason: str | None,
    case_id: UUID | None = None,
) -> None:
    REQUEST.check(request.state, after)
    keep_history(session, "request", request.id, at=at, by=by, before=request.state, after=after, reason=reason)
    request.state, request.reason = after, reason
    request.case_id = case_id or request.case_id
    request.version += 1
    session.add(request)


def _move_case(
    session: AsyncSession, case: Case, after: CaseState, *, at: datetime, by: UUID, reason: str | None
) -> None:
    CASE.check(case.state, after)
    keep_history(session, "case", case.id, at=at, by=by, before=case.state, after=after, reason=reason)
    case.state = after
    case.version += 1
    session.add(case)


async def _told_of(session: AsyncSession, request: TrainingRequest) -> dict[str, object]:
    """Return what every fact about a request says."""
    return {
        "request_id": request.id,
        "reference": request.reference,
        "title": request.title,
        "project_id": request.project_id,
        "employer_id": request.employer_id,
        "buyer_id": request.buyer_id,
        "recipients": await contacts_of(session, [request]),
    }
