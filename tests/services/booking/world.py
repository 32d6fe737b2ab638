"""One of everything that an address can name, for tests that ask every route."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.attendance.marking import Mark, mark_meeting
from services.booking.attendance.queries import AttendanceRow, find_row
from services.booking.bookings.commands import Order, book_seats
from services.booking.courses.queries import meetings_of
from services.booking.feeds.commands import make_feed
from services.booking.feeds.rules import FeedKind, FeedPlan
from services.booking.needs.rules import MetBy, Priority, WishedMode, WishedTime
from services.booking.needs.tables import Need, NeedSurvey, TrainingPlan
from services.booking.people.tables import RoleGrant
from services.booking.projects.rules import HourRounding
from services.booking.proof.outside_rules import ProviderKind
from services.booking.proof.rules import Attested, AttestedMeeting, CertificateKind, new_code
from services.booking.proof.tables import Certificate, OutsideCourse
from services.booking.requests.rules import RequestState
from services.booking.requests.tables import TrainingRequest
from services.booking.seats.waiting import Wish
from services.booking.waiting.commands import join_queue
from shared.kernel.grants import Grant
from shared.kernel.ids import new_id, reference
from shared.kernel.roles import Role
from tests.services.booking.offered import (
    MONDAY_MORNING,
    TODAY,
    AnEmployer,
    a_clock,
    a_person,
    a_project,
    a_run,
    an_employer,
)


@dataclass(frozen=True)
class World:
    """The ids by path parameter, and the grant by which each role is held for what they name."""

    ids: Mapping[str, UUID]
    grants: Mapping[Role, Grant]


async def a_world(session: AsyncSession) -> World:
    """Make a project with an employer, its people, needs, a run, a booking and a request."""
    project = await a_project(session)
    employer = await an_employer(session, project)
    run = await a_run(session, project)
    booking = await book_seats(
        session, a_clock(), Order(project.id, employer.id, run.id, seats=2, participants=employer.people[:1])
    )
    meeting = (await meetings_of(session, run.id))[0]
    held = a_clock(meeting.starts_at)
    await mark_meeting(session, held, meeting.id, [Mark(employer.people[0], 60)], by=None)
    marked = await find_row(session, meeting.id, employer.people[0])
    assert marked is not None
    assert marked.attendance is not None
    need = await a_need(session, project.id, employer.id, employer.contact)
    request = TrainingRequest(
        reference=reference("T"),
        project_id=project.id,
        employer_id=employer.id,
        buyer_id=project.buyers[0],
        state=RequestState.SUBMITTED.value,
        title="Svetsning",
        description="För sex svetsare",
        persons=6,
        minutes=960,
        mode="physical",
        municipality="2080",
        language="sv",
        created_at=MONDAY_MORNING,
    )
    session.add(request)
    waits = await join_queue(session, a_clock(), Wish(project.id, employer.id, run.id, seats=12, least=12))
    coach = RoleGrant(
        person_id=await a_person(session, name="Sara"),
        role=Role.COACH.value,
        project_id=project.id,
        employer_id=employer.id,
        granted_at=MONDAY_MORNING,
    )
    session.add(coach)
    await session.flush()
    feed = await make_feed(session, a_clock(), FeedPlan(FeedKind.OWN), owner_id=employer.contact)
    ids = {
        "project_id": project.id,
        "employer_id": employer.id,
        "person_id": employer.people[-1],
        "grant_id": coach.id,
        "plan_id": need.plan_id,
        "need_id": need.id,
        "course_id": run.course_id,
        "run_id": run.id,
        "meeting_id": meeting.id,
        "attendance_id": marked.attendance.id,
        "booking_id": booking.id,
        "certificate_id": (await _a_certificate(session, marked)).id,
        "code": new_id(),
        "outside_course_id": (await _an_outside_course(session, project.id, employer)).id,
        "entry_id": waits.id,
        "request_id": request.id,
        "workplace_id": employer.workplace_id,
        "buyer_id": project.buyers[0],
        "calendar_id": feed.id,
        "calendar_token": new_id(),
    }
    return World(ids, _grants(project.id, employer.id, project.buyers[0]))


async def _a_certificate(session: AsyncSession, row: AttendanceRow) -> Certificate:
    assert row.attendance is not None
    of = row.attendance
    attested = Attested(
        title=row.course_title,
        run_reference=row.run_reference,
        project_name="Lyftkraft",
        owner_name="Dalabygden",
        programme_name=None,
        funders=(),
        rounding=HourRounding.EXACT,
        minutes=of.minutes,
        counted_minutes=of.minutes,
        meetings=(
            AttestedMeeting(
                course_title=row.course_title,
                starts_at=row.meeting.starts_at,
                ends_at=row.meeting.ends_at,
                minutes=of.minutes,
            ),
        ),
    )
    certificate = Certificate(
        code=new_code(),
        kind=CertificateKind.COURSE.value,
        project_id=of.project_id,
        employer_id=of.employer_id,
        participant_id=of.participant_id,
        run_id=of.run_id,
        minutes=of.minutes,
        counted_minutes=of.minutes,
        attested=attested.model_dump(mode="json"),
        issued_at=row.meeting.ends_at,
    )
    session.add(certificate)
    await session.flush()
    return certificate


async def _an_outside_course(session: AsyncSession, project_id: UUID, employer: AnEmployer) -> OutsideCourse:
    course = OutsideCourse(
        project_id=project_id,
        employer_id=employer.id,
        participant_id=employer.people[0],
        title="Kvalitetsteknik",
        provider="Högskolan Dalarna",
        provider_kind=ProviderKind.UNIVERSITY.value,
        starts_on=TODAY,
        ends_on=TODAY,
        minutes=480,
        entered_by=employer.contact,
        entered_at=MONDAY_MORNING,
    )
    session.add(course)
    await session.flush()
    return course


def _grants(project_id: UUID, employer_id: UUID, buyer_id: UUID) -> dict[Role, Grant]:
    return {
        Role.CONTACT: Grant(Role.CONTACT, employer_id=employer_id),
        Role.COACH: Grant(Role.COACH, project_id=project_id),
        Role.TRAINER: Grant(Role.TRAINER, project_id=project_id),
        Role.PARTICIPANT: Grant(Role.PARTICIPANT, project_id=project_id, employer_id=employer_id),
        Role.PROJECT_LEAD: Grant(Role.PROJECT_LEAD, project_id=project_id),
        Role.PROCUREMENT_OFFICER: Grant(Role.PROCUREMENT_OFFICER, buyer_id=buyer_id),
        Role.AWARD_DELEGATE: Grant(Role.AWARD_DELEGATE, buyer_id=buyer_id),
        Role.OPERATOR: Grant(Role.OPERATOR),
    }


async def a_need(session: AsyncSession, project_id: UUID, employer_id: UUID, contact: UUID) -> Need:
    survey = NeedSurvey(
        project_id=project_id,
        employer_id=employer_id,
        made_on=TODAY,
        took_part="Verkstadschefen",
        findings="Svetsning saknas",
        written_by=contact,
        written_at=MONDAY_MORNING,
    )
    session.add(survey)
    await session.flush()
    plan = TrainingPlan(survey_id=survey.id)
    session.add(plan)
    await session.flush()
    need = Need(
        plan_id=plan.id,
        title="Svetsning",
        target_group="Svetsare",
        persons=6,
        minutes=960,
        priority=Priority.HIGH.value,
        wished_mode=WishedMode.DIGITAL.value,
        wished_time=WishedTime.EVENINGS.value,
        met_by=MetBy.NOTHING.value,
    )
    session.add(need)
    await session.flush()
    return need
