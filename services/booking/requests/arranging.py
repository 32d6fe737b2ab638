"""An ordered contract line becomes a course and a run, with seats kept for the employers that asked."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.commands import add_course
from services.booking.courses.rules import CourseKind, CoursePlan, MeetingPlan, Mode, RunPlan
from services.booking.courses.tables import Run
from services.booking.requests.commands import arrange_request
from services.booking.requests.rules import REQUEST, RequestState
from services.booking.requests.tables import TrainingRequest
from services.booking.seats.commands import schedule_run_with_pools
from shared.contracts.booking import KeptSeats
from shared.contracts.procurement import ContractLineOrdered, OrderedMeeting
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound
from shared.kernel.texts import N_


async def run_of_contract_line(session: AsyncSession, clock: Clock, line: ContractLineOrdered) -> Run:
    """Make a run of a contract line, once, and tell the employers that asked.

    Seats are kept for each request that still stands; those of a request that was withdrawn, and the rest, are open to
    all employers of the project. Where all requests wish for the same municipality, the run is there.
    """
    known = await session.exec(select(Run).where(col(Run.contract_line_id) == line.line_id))
    if (run := known.first()) is not None:
        return run
    requests = await _locked(session, [ordered.request_id for ordered in line.requests])
    standing = [
        ordered
        for ordered in line.requests
        if REQUEST.allows(RequestState(requests[ordered.request_id].state), RequestState.ARRANGED)
    ]
    plan = CoursePlan(line.title, line.description, CourseKind.TAILORED, line.language)
    course = await add_course(session, clock, project_id=line.project_id, plan=plan)
    run = await schedule_run_with_pools(
        session,
        clock,
        course=course,
        plan=_plan(line, [requests[ordered.request_id] for ordered in standing]),
        kept=[
            KeptSeats(
                employer_id=requests[ordered.request_id].employer_id,
                seats=ordered.seats,
                request_id=ordered.request_id,
            )
            for ordered in standing
        ],
        contract_line_id=line.line_id,
    )
    for ordered in standing:
        await arrange_request(session, clock, ordered.request_id, run=run, seats=ordered.seats)
    return run


async def _locked(session: AsyncSession, request_ids: list[UUID]) -> dict[UUID, TrainingRequest]:
    statement = select(TrainingRequest).where(col(TrainingRequest.id).in_(request_ids))
    locking = statement.order_by(col(TrainingRequest.id)).with_for_update()
    found = {request.id: request for request in await session.exec(locking.execution_options(populate_existing=True))}
    if missing := set(request_ids) - found.keys():
        raise NotFound(
            N_("There is no training request {request_id}."),
            code="training_request_not_found",
            request_id=min(missing),
        )
    return found


def _mode(meeting: OrderedMeeting) -> Mode:
    """Return how people take part; a mode that a newer system has is taken by whether there is a place to come to."""
    if meeting.mode in set(Mode):
        return Mode(meeting.mode)
    return Mode.DIGITAL if meeting.place is None else Mode.PHYSICAL


def _plan(line: ContractLineOrdered, requests: list[TrainingRequest]) -> RunPlan:
    municipalities = {request.municipality for request in requests}
    return RunPlan(
        capacity=line.seats,
        meetings=tuple(
            MeetingPlan(meeting.starts_at, meeting.ends_at, _mode(meeting), meeting.place) for meeting in line.meetings
        ),
        municipality=municipalities.pop() if len(municipalities) == 1 else None,
    )
