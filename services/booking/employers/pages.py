"""Forms of an employer itself: registering it, its details and workplaces, the projects that it joins and leaves."""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.composition import keys_of
from services.booking.employers import commands, membership, queries, registration, wording
from services.booking.employers.bodies import Cfar, Municipality, OrganisationNumber, Sni, WorkplaceBody
from services.booking.employers.queries import EmployerView
from services.booking.employers.rules import (
    EmployerDetails,
    MoneyBand,
    Statement,
    UndertakingFacts,
    WorkplaceDetails,
)
from services.booking.employers.standing import Standing, standing_of
from services.booking.people.bodies import Email, Phone
from services.booking.people.rules import PersonDetails
from services.booking.projects.queries import get_project_row
from services.booking.projects.rules import AffectedBy, EligibilityRules, EmployerKind
from services.booking.projects.sectors import SniVersion
from services.booking.projects.tables import Project
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.errors import InvalidInput, KurslotsError, Several
from shared.kernel.municipalities import MUNICIPALITIES
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Line, Paragraph, Reason, Version
from shared.web.edge import CommandContext, CurrentClock, ReadSession
from shared.web.exchange import exchange_of
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
_PLACES: Final = tuple(sorted(MUNICIPALITIES.items(), key=lambda pair: pair[1]))
# where the command's errors are shown on the form
_FIELDS: Final[Mapping[str, str]] = {
    "employer.organisation_number": "organisation_number",
    "employer.kind": "kind",
    "employer.undertaking": "employees",
    "workplaces.0.municipality": "municipality",
    "workplaces.0.sni": "sni",
    "workplaces.0.sni_version": "sni_version",
    "workplaces": "municipality",
    "contact": "given_name",
}

_ASKED: Final = (
    *("name", "organisation_number", "kind", "employees", "turnover", "balance", "group_name"),
    *("workplace", "municipality", "sni", "sni_version", "cfar", "affected_by", "statement"),
    *("given_name", "family_name", "email", "phone"),
)


class Chosen(Body):
    """Which project a form is for."""

    project: UUID | None = None


class UndertakingForm(Body):
    """The single undertaking as it is filled in."""

    employees: int = Field(ge=0, le=1_000_000)
    turnover: MoneyBand
    balance: MoneyBand
    group_name: Line | None = None

    def facts(self) -> UndertakingFacts:
        """Return it as plain values."""
        return UndertakingFacts(self.employees, self.turnover, self.balance, self.group_name)


class StatementForm(Body):
    """How the employer is affected, where the project asks."""

    affected_by: AffectedBy | None = None
    statement: Paragraph | None = None

    def stated(self) -> Statement:
        """Return it as plain values."""
        return Statement(self.affected_by, self.statement)


class RegisterForm(UndertakingForm, StatementForm):
    """An employer with its first workplace, and who registers it."""

    name: Line
    organisation_number: OrganisationNumber
    kind: EmployerKind
    workplace: Line
    municipality: Municipality
    sni: Sni | None = None
    sni_version: SniVersion | None = None
    cfar: Cfar | None = None
    given_name: Line | None = None
    family_name: Line | None = None
    email: Email | None = None
    phone: Phone | None = None

    def details(self) -> EmployerDetails:
        """Return the employer as plain values."""
        version = None if self.sni is None else self.sni_version or SniVersion.SNI_2025
        workplace = WorkplaceDetails(self.workplace, self.municipality, self.cfar, self.sni, version)
        return EmployerDetails(self.name, self.organisation_number, self.kind, self.facts(), (workplace,))

    def contact(self) -> PersonDetails | None:
        """Return who registers, where she says who she is."""
        if self.given_name is None or self.family_name is None:
            return None
        return PersonDetails(self.given_name, self.family_name, self.email, self.phone)


class ChangeForm(UndertakingForm):
    """The employer's details as they shall read."""

    name: Line
    version: Version


class LeaveForm(Body):
    """Why the employer leaves."""

    reason: Reason


@router.get("/employers/new")
async def show_register(
    request: Request, session: ReadSession, clock: CurrentClock, query: Annotated[Chosen, Query()]
) -> Response:
    """Show which projects an employer may be registered in and, one chosen, the form."""
    if query.project is None:
        projects = await _open_projects(session, clock)
        return render(request, "employers/choose_project.html", projects=projects, standing=None)
    return await _register_page(request, session, query.project, Form())


@router.post("/employers/new")
async def send_register(request: Request, session: ReadSession, query: Annotated[Chosen, Query()]) -> Response:
    """Register the employer that was filled in; whoever does it becomes its contact."""
    project_id = _chosen(query)

    async def command(context: CommandContext, body: RegisterForm) -> EmployerView:
        try:
            employer, _ = await registration.register_with_contact(
                context.session,
                context.clock,
                keys_of(request),
                project_id,
                body.details(),
                statement=body.stated(),
                subject=context.subject,
                contact=body.contact(),
            )
        except KurslotsError as error:
            raise _at_fields(error) from error
        return await queries.get_employer(context.session, employer.id)

    again = partial(_register_page, request, session, project_id)
    return await take_form(request, RegisterForm, command, done=_address_of, again=again)


@router.get("/employers/{employer_id}/change")
async def show_change_employer(request: Request, employer_id: UUID, session: ReadSession) -> Response:
    """Show the form of an employer's details."""
    return await _change_page(request, session, employer_id, Form())


@router.post("/employers/{employer_id}/change")
async def send_change_employer(request: Request, employer_id: UUID, session: ReadSession) -> Response:
    """Change the employer's name and what is stated of its undertaking."""

    async def command(context: CommandContext, body: ChangeForm) -> None:
        await commands.change_employer(
            context.session,
            context.clock,
            employer_id,
            name=body.name,
            undertaking=body.facts(),
            version=body.version,
            by=context.actor.person_id,
        )

    again = partial(_change_page, request, session, employer_id)
    return await take_form(request, ChangeForm, command, done=f"/booking/employers/{employer_id}", again=again)


@router.get("/employers/{employer_id}/workplaces/new")
async def show_add_workplace(request: Request, employer_id: UUID, session: ReadSession) -> Response:
    """Show the form of a workplace."""
    return await _workplace_page(request, session, employer_id, Form())


@router.post("/employers/{employer_id}/workplaces/new")
async def send_add_workplace(request: Request, employer_id: UUID, session: ReadSession) -> Response:
    """Add a workplace; it takes part in each joined project whose conditions let it in."""

    async def command(context: CommandContext, body: WorkplaceBody) -> None:
        await commands.add_workplace(
            context.session, context.clock, employer_id, body.details(), by=context.actor.person_id
        )

    again = partial(_workplace_page, request, session, employer_id)
    return await take_form(request, WorkplaceBody, command, done=f"/booking/employers/{employer_id}", again=again)


@router.get("/employers/{employer_id}/join")
async def show_join(
    request: Request, employer_id: UUID, session: ReadSession, clock: CurrentClock, query: Annotated[Chosen, Query()]
) -> Response:
    """Show the projects that the employer may join and, one chosen, whether its conditions let it in."""
    standing = await standing_of(request, session, employer_id)
    if query.project is None:
        joined = {part.project_id for part in standing.parts if part.is_joined}
        projects = [project for project in await _open_projects(session, clock) if project.id not in joined]
        return render(request, "employers/choose_project.html", projects=projects, standing=standing)
    return await _join_page(request, session, standing, query.project, Form())


@router.post("/employers/{employer_id}/join")
async def send_join(
    request: Request, employer_id: UUID, session: ReadSession, query: Annotated[Chosen, Query()]
) -> Response:
    """Let the employer join the project."""
    project_id = _chosen(query)

    async def command(context: CommandContext, body: StatementForm) -> None:
        await membership.join_project(
            context.session,
            context.clock,
            keys_of(request),
            employer_id,
            project_id,
            statement=body.stated(),
            by=context.actor.person_id,
        )

    async def again(form: Form[StatementForm]) -> Response:
        _keep_fields(form, ("affected_by", "statement"))
        standing = await standing_of(request, session, employer_id)
        return await _join_page(request, session, standing, project_id, form)

    return await take_form(request, StatementForm, command, done=f"/booking/employers/{employer_id}", again=again)


@router.get("/projects/{project_id}/employers/{employer_id}/leave")
async def show_leave(request: Request, project_id: UUID, employer_id: UUID, session: ReadSession) -> Response:
    """Say what leaving the project does, before it is done."""
    return await _leave_page(request, session, project_id, employer_id, Form())


@router.post("/projects/{project_id}/employers/{employer_id}/leave")
async def send_leave(request: Request, project_id: UUID, employer_id: UUID, session: ReadSession) -> Response:
    """End the employer's part in the project."""

    async def command(context: CommandContext, body: LeaveForm) -> None:
        await membership.leave_project(
            context.session, context.clock, employer_id, project_id, reason=body.reason, by=context.actor.person_id
        )

    again = partial(_leave_page, request, session, project_id, employer_id)
    return await take_form(request, LeaveForm, command, done=f"/booking/employers/{employer_id}", again=again)


def _chosen(query: Chosen) -> UUID:
    if query.project is None:
        raise InvalidInput(N_("Choose a project first."), code="project_missing", field="project")
    return query.project


async def _open_projects(session: AsyncSession, clock: Clock) -> Sequence[Project]:
    today = legal_day(clock.now())
    ends_on = col(Project.ends_on)
    statement = select(Project).where(ends_on.is_(None) | (ends_on >= today))
    return (await session.exec(statement.order_by(col(Project.name), col(Project.id)))).all()


async def _register_page(
    request: Request, session: AsyncSession, project_id: UUID, form: Form[RegisterForm]
) -> Response:
    project = await get_project_row(session, project_id)
    form.errors = {name: form.errors[name] for name in sorted(form.errors, key=_place_on_form)}
    return render(
        request,
        "employers/register.html",
        form=form,
        project=project,
        rules=EligibilityRules.model_validate(project.eligibility),
        asks_who=exchange_of(request).actor is None,
        wording=wording,
        municipalities=_PLACES,
    )


async def _change_page(request: Request, session: AsyncSession, employer_id: UUID, form: Form[ChangeForm]) -> Response:
    standing = await standing_of(request, session, employer_id)
    employer = await queries.get_employer(session, employer_id)
    return render(request, "employers/change.html", standing=standing, employer=employer, form=form, wording=wording)


async def _workplace_page(
    request: Request, session: AsyncSession, employer_id: UUID, form: Form[WorkplaceBody]
) -> Response:
    standing = await standing_of(request, session, employer_id)
    return render(request, "employers/workplace.html", standing=standing, form=form, municipalities=_PLACES)


async def _join_page(
    request: Request, session: AsyncSession, standing: Standing, project_id: UUID, form: Form[StatementForm]
) -> Response:
    project = await get_project_row(session, project_id)
    reasons = await membership.reasons_of(session, keys_of(request), standing.employer_id, project)
    return render(
        request,
        "employers/join.html",
        standing=standing,
        project=project,
        rules=EligibilityRules.model_validate(project.eligibility),
        reasons=reasons,
        form=form,
        wording=wording,
    )


async def _leave_page(
    request: Request, session: AsyncSession, project_id: UUID, employer_id: UUID, form: Form[LeaveForm]
) -> Response:
    standing = await standing_of(request, session, employer_id, project_id)
    assert standing.part is not None
    named = {"employer": wording.Named(standing.name), "project": wording.Named(standing.part.name)}
    does = [
        Text(
            N_("{employer} no longer takes part in {project}: no seats can be booked and no training asked for."), named
        ),
        Text(N_("What is booked already stays until you cancel it.")),
        Text(N_("Its people stay in the project's accounts. It may join again later.")),
        Text(N_("Nobody is written to about it; the reason stands in the employer's history.")),
    ]
    return render(request, "employers/leave.html", standing=standing, form=form, does=does)


def _place_on_form(name: str) -> int:
    # what is wrong is told in the order in which the form asks
    return _ASKED.index(name) if name in _ASKED else len(_ASKED)


def _address_of(employer: Mapping[str, Any]) -> str:
    return f"/booking/employers/{employer['employer_id']}"


def _at_fields(error: KurslotsError) -> KurslotsError:
    """Return the error with the names that the form's fields have."""
    for each in error.errors if isinstance(error, Several) else (error,):
        each.field = None if each.field is None else _FIELDS.get(each.field, each.field)
    return error


def _keep_fields(form: Form[Any], names: Sequence[str]) -> None:
    """Tell what is wrong with fields that the form does not have on top of it."""
    for name in [name for name in form.errors if name not in names]:
        form.general += form.errors.pop(name)
