"""Reads of projects, for everyone: what they are and who may join."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.projects.loading import PartnerInput, PrincipleInput, ReachedInput, WayInput
from services.booking.projects.questions import Question, questions_of
from services.booking.projects.rules import EligibilityRules, Unanswered
from services.booking.projects.tables import FundProgramme, Project, ProjectBuyer, ProjectFunder, ProjectQuestions
from shared.db import rows_of
from shared.kernel.errors import NotFound
from shared.kernel.grants import Scope
from shared.kernel.texts import N_
from shared.web.bodies import View
from shared.web.paging import Page, PageFilter, page_of

_MINUTES = 60
_BUYERS = """
    SELECT buyer.buyer_id FROM projects LEFT JOIN project_buyers AS buyer ON buyer.project_id = projects.id
     WHERE projects.id = $1
"""


class ProjectSummary(View):
    """A project in a list."""

    project_id: UUID
    code: str
    name: str
    summary: str
    owner_name: str
    starts_on: date
    ends_on: date | None
    who_may_join: str
    demonstration: bool


class FunderView(View):
    """Who pays; the amount in whole öre."""

    name: str
    kind: str
    amount_ore: int | None
    currency: str
    share: Decimal | None


class BuyerView(View):
    """In whose name things are bought."""

    buyer_id: UUID
    name: str
    organisation_number: str
    kind: str


class ProgrammeView(View):
    """Where the money comes from."""

    code: str
    name: str
    starts_on: date
    ends_on: date


class TargetsView(View):
    """What is to be reached; hours are whole hours."""

    persons: int | None
    hours: int | None
    employers: int | None
    note: str | None


class ProjectView(ProjectSummary):
    """A whole project."""

    programme: ProgrammeView
    owner_number: str | None
    period_note: str | None
    targets: TargetsView
    funding: list[FunderView]
    buyers: list[BuyerView]
    eligibility: EligibilityRules
    tracks: list[str]
    ways: list[WayInput]
    partners: list[PartnerInput]
    principles: list[PrincipleInput]
    reached: list[ReachedInput]
    public_record: dict[str, str]
    aid_basis: str
    hour_rounding: str
    queue_passes: int
    free_cancellation_days: int
    offer_hours: int
    reminder_days: int
    signing_ways: list[str]
    signing_days: int
    name_by_days: int | None
    substitution_lock_days: int | None
    booking_approval: str
    confirmation_days: int | None
    unanswered: Unanswered
    source_project_id: UUID | None
    version: int


def _summary(project: Project) -> dict[str, object]:
    names = set(ProjectSummary.model_fields) - {"project_id"}
    return {"project_id": project.id, **{name: getattr(project, name) for name in names}}


async def list_projects(session: AsyncSession, query: PageFilter, *, code: str | None = None) -> Page[ProjectSummary]:
    """Return projects by name, demonstration copies among them."""
    statement = select(Project)
    if code is not None:
        statement = statement.where(col(Project.code) == code)
    page = await page_of(
        session, statement, [col(Project.name), col(Project.id)], query, keys=lambda project: (project.name, project.id)
    )
    return Page(items=[ProjectSummary.model_validate(_summary(project)) for project in page.rows], next=page.next)


async def get_project_row(session: AsyncSession, project_id: UUID) -> Project:
    """Return the project; raises NotFound."""
    project = await session.get(Project, project_id)
    if project is None:
        raise NotFound(N_("There is no project with this id."), code="project_not_found")
    return project


async def get_project(session: AsyncSession, project_id: UUID) -> ProjectView:
    """Return all that everyone may know of a project; raises NotFound."""
    project = await get_project_row(session, project_id)
    programme = await session.get_one(FundProgramme, project.programme_id)
    funders = await session.exec(
        select(ProjectFunder).where(col(ProjectFunder.project_id) == project_id).order_by(col(ProjectFunder.position))
    )
    buyers = await session.exec(
        select(ProjectBuyer)
        .where(col(ProjectBuyer.project_id) == project_id)
        .order_by(col(ProjectBuyer.organisation_number))
    )
    minutes = project.target_minutes
    return ProjectView.model_validate(
        {
            **_summary(project),
            **project.described,
            "programme": ProgrammeView.model_validate(programme),
            "owner_number": project.owner_number,
            "period_note": project.period_note,
            "targets": TargetsView(
                persons=project.target_persons,
                hours=None if minutes is None else minutes // _MINUTES,
                employers=project.target_employers,
                note=project.target_note,
            ),
            "funding": [FunderView.model_validate(funder) for funder in funders],
            "buyers": [BuyerView.model_validate(buyer) for buyer in buyers],
            "eligibility": project.eligibility,
            "aid_basis": project.aid_basis,
            "hour_rounding": project.hour_rounding,
            "queue_passes": project.queue_passes,
            "free_cancellation_days": project.free_cancellation_days,
            "offer_hours": project.offer_hours,
            "reminder_days": project.reminder_days,
            "signing_ways": project.signing_ways,
            "signing_days": project.signing_days,
            "name_by_days": project.name_by_days,
            "substitution_lock_days": project.substitution_lock_days,
            "booking_approval": project.booking_approval,
            "confirmation_days": project.confirmation_days,
            "unanswered": project.unanswered,
            "source_project_id": project.source_project_id,
            "version": project.version,
        }
    )


async def last_questions(session: AsyncSession, project_id: UUID) -> ProjectQuestions | None:
    """Return the version of the project's own questions that is asked now; None where it never had any."""
    found = await session.exec(
        select(ProjectQuestions)
        .where(col(ProjectQuestions.project_id) == project_id)
        .order_by(col(ProjectQuestions.version).desc())
        .limit(1)
    )
    return found.first()


async def questions_asked(session: AsyncSession, project_id: UUID) -> tuple[int | None, tuple[Question, ...]]:
    """Return the version and the questions that the project asks now; neither where it asks none of its own."""
    last = await last_questions(session, project_id)
    return (None, ()) if last is None or not last.questions else (last.version, questions_of(last.questions))


async def questions_of_version(session: AsyncSession, project_id: UUID, version: int) -> tuple[Question, ...]:
    """Return the questions of a version; raises NotFound."""
    found = await session.get(ProjectQuestions, (project_id, version))
    if found is None:
        raise NotFound(N_("The project has no such version of its questions."), code="questions_not_found")
    return questions_of(found.questions)


async def versions_of_questions(session: AsyncSession, project_id: UUID) -> Sequence[ProjectQuestions]:
    """Return every version of the project's questions, the last first."""
    statement = select(ProjectQuestions).where(col(ProjectQuestions.project_id) == project_id)
    return (await session.exec(statement.order_by(col(ProjectQuestions.version).desc()))).all()


async def find_project_scope(session: AsyncSession, project_id: UUID) -> Scope | None:
    """Return the scope of a project: itself and its buyers."""
    found = await rows_of(session, _BUYERS, project_id)
    if not found:
        return None
    return Scope(projects=frozenset({project_id}), buyers=frozenset(buyer for (buyer,) in found if buyer is not None))
