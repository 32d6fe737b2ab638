"""Projects come from data files: a command loads one whole, or changes nothing where its content is the same."""

import hashlib
from typing import Any
from uuid import UUID

from sqlalchemy import delete
from sqlmodel import col
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import locked
from services.booking.projects.loading import ProgrammeInput, ProjectInput
from services.booking.projects.queries import last_questions
from services.booking.projects.states import project_state
from services.booking.projects.tables import (
    FundProgramme,
    ProgrammeTerm,
    Project,
    ProjectBuyer,
    ProjectFunder,
    ProjectHistory,
    ProjectQuestions,
)
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, InvalidInput
from shared.kernel.ids import stable_id
from shared.kernel.money import Money
from shared.kernel.texts import N_
from shared.messaging.outbox import describe

_MINUTES = 60
_SHOWN = ("tracks", "ways", "partners", "principles", "reached", "public_record")


def project_id_of(code: str) -> UUID:
    """Return the id of the project with this code, the same in every installation."""
    return stable_id("project", code)


async def load_project(session: AsyncSession, clock: Clock, source: ProjectInput) -> bool:
    """Make or change a project so that it is as its file says; return whether anything had to be changed.

    What whoever leads it has set stays as she set it: see `changing`.
    Raises InvalidInput where a demonstration copy comes before its source, Conflict where a copy becomes a project.
    """
    content = hashlib.sha256(source.model_dump_json().encode()).digest()
    project = await locked(session, Project, project_id_of(source.code))
    if project is not None and project.content == content:
        return False
    programme_id = await _load_programme(session, source.programme)
    now = clock.now()
    change = "changed"
    if project is None:
        change = "loaded"
        project = Project(id=project_id_of(source.code), code=source.code, version=0, created_at=now, **_plain(source))
    elif project.demonstration != source.demonstration:
        raise Conflict(
            N_("“{name}” cannot become a demonstration copy, or stop being one. Give the copy a code of its own."),
            code="demonstration_fixed",
            name=source.code,
        )
    for name, value in (_plain(source) | project.own_settings).items():
        setattr(project, name, value)
    project.source_project_id = await _source_of(session, source)
    project.programme_id = programme_id
    project.content = content
    project.version += 1
    session.add(project)
    await session.flush()
    await _replace_money(session, project.id, source)
    await _keep_questions(session, clock, project.id, source)
    session.add(ProjectHistory(at=now, change=change, project_id=project.id))
    await describe(session, await project_state(session, project), version=project.version, at=now)
    return True


def _plain(source: ProjectInput) -> dict[str, Any]:
    """Return the columns that say what the file says, without what needs the database."""
    hours = source.targets.hours
    return {
        "name": source.name,
        "summary": source.summary,
        "owner_name": source.owner_name,
        "owner_number": source.owner_number,
        "starts_on": source.starts_on,
        "ends_on": source.ends_on,
        "period_note": source.period_note,
        "target_persons": source.targets.persons,
        "target_minutes": None if hours is None else hours * _MINUTES,
        "target_employers": source.targets.employers,
        "target_note": source.target_note,
        "who_may_join": source.who_may_join,
        "eligibility": source.eligibility.model_dump(mode="json"),
        "described": source.model_dump(mode="json", include=set(_SHOWN)),
        "aid_basis": source.aid_basis.value,
        "demonstration": source.demonstration,
        **source.reporting.model_dump(mode="json"),
    }


async def _source_of(session: AsyncSession, source: ProjectInput) -> UUID | None:
    if source.source_project is None:
        return None
    source_id = project_id_of(source.source_project)
    if await session.get(Project, source_id) is None:
        raise InvalidInput(
            N_("There is no project “{source}” of which this could be a copy. Load that project first."),
            code="source_project_unknown",
            field="source_project",
            source=source.source_project,
        )
    return source_id


async def _load_programme(session: AsyncSession, source: ProgrammeInput) -> UUID:
    programme_id = stable_id("programme", source.code)
    programme = await locked(session, FundProgramme, programme_id)
    if programme is None:
        programme = FundProgramme(
            id=programme_id, code=source.code, name=source.name, starts_on=source.starts_on, ends_on=source.ends_on
        )
    programme.name = source.name
    programme.starts_on = source.starts_on
    programme.ends_on = source.ends_on
    session.add(programme)
    await session.flush()
    for term in source.terms:
        await session.merge(ProgrammeTerm(programme_id=programme_id, **term.model_dump()))
    return programme_id


async def _keep_questions(session: AsyncSession, clock: Clock, project_id: UUID, source: ProjectInput) -> None:
    """Add a version of the questions where the file has others than the last one."""
    asked = [question.model_dump(mode="json") for question in source.need_questions]
    last = await last_questions(session, project_id)
    if asked != ([] if last is None else last.questions):
        version = 1 if last is None else last.version + 1
        session.add(ProjectQuestions(project_id=project_id, version=version, questions=asked, made_at=clock.now()))
        await session.flush()


async def _replace_money(session: AsyncSession, project_id: UUID, source: ProjectInput) -> None:
    await session.exec(delete(ProjectFunder).where(col(ProjectFunder.project_id) == project_id))
    await session.exec(delete(ProjectBuyer).where(col(ProjectBuyer.project_id) == project_id))
    for position, funder in enumerate(source.funding):
        session.add(
            ProjectFunder(
                project_id=project_id,
                position=position,
                name=funder.name,
                kind=funder.kind,
                amount_ore=None if funder.amount is None else Money.of_kronor(funder.amount).ore,
                currency=funder.currency,
                share=funder.share,
            )
        )
    for buyer in source.buyers:
        session.add(
            ProjectBuyer(
                project_id=project_id,
                buyer_id=stable_id("buyer", buyer.organisation_number),
                name=buyer.name,
                organisation_number=buyer.organisation_number,
                kind=buyer.kind,
            )
        )
    await session.flush()
