"""Training requests: asked for by an employer here, answered by a procurement officer there, arranged as a run.

What procurement decides comes as facts; one that comes too late (the employer withdrew) is kept in the history.
"""

from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version, locked
from services.booking.bookings.members import check_need
from services.booking.courses.queries import summary_of
from services.booking.courses.tables import Run
from services.booking.employers.employments import check_member
from services.booking.needs.commands import meet_need, unmeet_needs
from services.booking.needs.rules import MetBy
from services.booking.people.recipients import contacts_of, officers_of, recipients
from services.booking.projects.tables import ProjectBuyer
from services.booking.requests.rules import REQUEST, RequestState, RequestWish, check_is_draft, check_wish, choose_buyer
from services.booking.requests.tables import RequestedRun, RequestHistory, TrainingRequest
from shared.contracts.booking import TrainingRequestArranged, TrainingRequestSubmitted, TrainingRequestWithdrawn
from shared.contracts.facts import Recipient
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound
from shared.kernel.ids import reference
from shared.kernel.texts import N_
from shared.messaging.outbox import record


async def draft_request(
    session: AsyncSession,
    clock: Clock,
    wish: RequestWish,
    *,
    project_id: UUID,
    employer_id: UUID,
    buyer_id: UUID | None = None,
    pool: str | None = None,
    by: UUID | None = None,
) -> TrainingRequest:
    """Draft a request. Without `buyer_id` it is for the project's only buyer. `pool` is the same in several.

    Raises InvalidInput for a buyer or need that is not the project's, NotFound where the employer is not in it.
    """
    check_wish(wish)
    await check_member(session, project_id, employer_id)
    if wish.need_id is not None:
        await check_need(session, wish.need_id, project_id=project_id, employer_id=employer_id)
    now = clock.now()
    request = TrainingRequest(
        reference=reference("T"),
        project_id=project_id,
        employer_id=employer_id,
        buyer_id=choose_buyer(buyer_id, await _buyers_of(session, project_id)),
        state=RequestState.DRAFT.value,
        pool=pool,
        created_at=now,
        **_columns(wish),
    )
    session.add(request)
    await session.flush()
    session.add(
        RequestHistory(request_id=request.id, at=now, actor_id=by, change="drafted", before=None, after=request.state)
    )
    await session.flush()
    return request


async def edit_request(
    session: AsyncSession,
    clock: Clock,
    request_id: UUID,
    wish: RequestWish,
    *,
    buyer_id: UUID | None = None,
    version: int | None = None,
    by: UUID | None = None,
) -> TrainingRequest:
    """Replace what a draft asks for. Raises Conflict once it is submitted: withdraw it and draft a new one."""
    check_wish(wish)
    request = await _locked(session, request_id)
    if version is not None:
        check_version(version, request.version)
    if wish.need_id is not None:
        await check_need(session, wish.need_id, project_id=request.project_id, employer_id=request.employer_id)
    if buyer_id is not None:
        request.buyer_id = choose_buyer(buyer_id, await _buyers_of(session, request.project_id))
    for name, value in _columns(wish).items():
        setattr(request, name, value)
    await _move(session, request, RequestState.DRAFT, at=clock.now(), by=by, change="edited")
    return request


async def submit_request(
    session: AsyncSession, clock: Clock, request_id: UUID, *, by: UUID | None = None
) -> TrainingRequest:
    """Submit a draft; it waits for an officer of its buyer. Contacts get a receipt, officers are told."""
    request = await _locked(session, request_id)
    now = clock.now()
    await check_member(session, request.project_id, request.employer_id)
    check_is_draft(RequestState(request.state))
    await _move(session, request, RequestState.SUBMITTED, at=now, by=by, change="submitted")
    if request.need_id is not None:
        await meet_need(session, clock, request.need_id, MetBy.REQUEST, request.id, by=by)
    fact = TrainingRequestSubmitted(
        **_told(request),
        description=request.description,
        persons=request.persons,
        minutes=request.minutes,
        wished_from=request.wished_from,
        wished_to=request.wished_to,
        wished_time=request.wished_time,
        mode=request.mode,
        municipality=request.municipality,
        language=request.language,
        pool=request.pool,
        recipients=await _contacts_and_officers(session, request),
    )
    await record(session, fact, version=request.version, at=now)
    return request


async def withdraw_request(
    session: AsyncSession, clock: Clock, request_id: UUID, *, reason: str, by: UUID | None = None
) -> TrainingRequest:
    """Withdraw a request that is not yet in a case. Of a draft nobody has heard, so nobody is told."""
    request = await _locked(session, request_id)
    now = clock.now()
    was_told = request.state != RequestState.DRAFT
    await _move(session, request, RequestState.WITHDRAWN, at=now, by=by, change="withdrawn", reason=reason)
    await unmeet_needs(session, clock, request.id, by=by)
    if was_told:
        fact = TrainingRequestWithdrawn(
            **_told(request), reason=reason, recipients=await _contacts_and_officers(session, request)
        )
        await record(session, fact, version=request.version, at=now)
    return request


async def take_into_case(
    session: AsyncSession, clock: Clock, request_id: UUID, *, case_id: UUID, registration_number: str
) -> TrainingRequest:
    """Note that an officer has put the request into a case."""
    request = await _locked(session, request_id)
    # a run may have been arranged before this was heard: the case is worth knowing all the same
    if request.state in (RequestState.SUBMITTED, RequestState.ARRANGED):
        request.case_id, request.registration_number = case_id, registration_number
    await _follow(session, request, RequestState.IN_CASE, at=clock.now(), change="in_case", reason=registration_number)
    return request


async def decline_request(session: AsyncSession, clock: Clock, request_id: UUID, *, reason: str) -> TrainingRequest:
    """Note that an officer has said no, and why."""
    request = await _locked(session, request_id)
    if await _follow(session, request, RequestState.DECLINED, at=clock.now(), change="declined", reason=reason):
        request.answer = reason
        await unmeet_needs(session, clock, request.id, by=None)
    return request


async def return_request(session: AsyncSession, clock: Clock, request_id: UUID, *, reason: str) -> TrainingRequest:
    """Note that the request's case was cancelled: it waits for an officer again."""
    request = await _locked(session, request_id)
    if await _follow(session, request, RequestState.SUBMITTED, at=clock.now(), change="returned", reason=reason):
        request.case_id = request.registration_number = None
    return request


async def arrange_request(
    session: AsyncSession, clock: Clock, request_id: UUID, *, run: Run, seats: int
) -> TrainingRequest:
    """Note that a run has been ordered for the request, with seats kept for the employer, and tell its contacts."""
    request = await _locked(session, request_id)
    now = clock.now()
    await _move(session, request, RequestState.ARRANGED, at=now, by=None, change="arranged", reason=run.reference)
    session.add(RequestedRun(request_id=request.id, run_id=run.id, seats=seats))
    await session.flush()
    contacts = await contacts_of(session, project_id=request.project_id, employer_id=request.employer_id)
    fact = TrainingRequestArranged(
        **_told(request),
        run=await summary_of(session, run),
        run_sequence=run.sequence,
        seats=seats,
        recipients=recipients("contact", contacts),
    )
    await record(session, fact, version=request.version, at=now)
    return request


async def _locked(session: AsyncSession, request_id: UUID) -> TrainingRequest:
    request = await locked(session, TrainingRequest, request_id)
    if request is None:
        raise NotFound(N_("There is no such training request."), code="training_request_not_found")
    return request


async def _move(
    session: AsyncSession,
    request: TrainingRequest,
    after: RequestState,
    *,
    at: datetime,
    by: UUID | None,
    change: str,
    reason: str | None = None,
) -> None:
    before = RequestState(request.state)
    REQUEST.check(before, after)
    request.state = after.value
    request.version += 1
    session.add(
        RequestHistory(
            request_id=request.id,
            at=at,
            actor_id=by,
            change=change,
            before=before.value,
            after=after.value,
            reason=reason,
        )
    )
    await session.flush()


async def _follow(
    session: AsyncSession, request: TrainingRequest, after: RequestState, *, at: datetime, change: str, reason: str
) -> bool:
    """Move as procurement says, and return True; what comes too late for that is written into the history alone."""
    state = RequestState(request.state)
    if REQUEST.allows(state, after):
        await _move(session, request, after, at=at, by=None, change=change, reason=reason)
        return True
    session.add(
        RequestHistory(
            request_id=request.id,
            at=at,
            change=f"{change}_too_late",
            before=state.value,
            after=state.value,
            reason=reason,
        )
    )
    await session.flush()
    return False


async def _buyers_of(session: AsyncSession, project_id: UUID) -> tuple[UUID, ...]:
    statement = select(ProjectBuyer.buyer_id).where(col(ProjectBuyer.project_id) == project_id)
    return tuple((await session.exec(statement.order_by(col(ProjectBuyer.buyer_id)))).all())


async def _contacts_and_officers(session: AsyncSession, request: TrainingRequest) -> tuple[Recipient, ...]:
    contacts = await contacts_of(session, project_id=request.project_id, employer_id=request.employer_id)
    officers = await officers_of(session, project_id=request.project_id, buyer_id=request.buyer_id)
    return recipients("contact", contacts) + recipients("officer", officers)


def _told(request: TrainingRequest) -> dict[str, Any]:
    return {
        "request_id": request.id,
        "reference": request.reference,
        "project_id": request.project_id,
        "employer_id": request.employer_id,
        "buyer_id": request.buyer_id,
        "title": request.title,
    }


def _columns(wish: RequestWish) -> dict[str, Any]:
    return asdict(wish)
