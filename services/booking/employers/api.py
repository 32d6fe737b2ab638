"""Employers: registering, their workplaces, the projects they join, and what has happened to them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import Field

from services.booking.composition import keys_of
from services.booking.employers import commands, membership, queries, registration
from services.booking.employers.bodies import ChangeEmployer, RegisterEmployer, StatementBody, WorkplaceBody
from services.booking.employers.queries import EmployerSummary, EmployerView, HistoryView
from shared.web.bodies import Body, Reason, View
from shared.web.edge import CommandContext, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.paging import Page, PageFilter

router = APIRouter(tags=["employers"])


class RegistrationView(View):
    """The employer as it was registered, and the person who is its contact."""

    employer: EmployerView
    contact_id: UUID


class JoinProject(StatementBody):
    """Another project that the employer wants to join."""

    project_id: UUID


class LeaveProject(Body):
    """Why the employer leaves."""

    reason: Reason


class EmployerFilter(PageFilter):
    """Which employers to list."""

    search: str | None = Field(
        default=None, min_length=2, max_length=100, pattern=r"^[^\x00-\x1f\x7f]+$", description="Part of a name"
    )


@router.post("/registrations", status_code=201, response_model=RegistrationView)
async def register_employer(request: Request, body: RegisterEmployer) -> Response:
    """Register an employer in a project; refused with every reason where its conditions are not met."""

    async def command(context: CommandContext) -> RegistrationView:
        employer, person = await registration.register_with_contact(
            context.session,
            context.clock,
            keys_of(request),
            body.project_id,
            body.details(),
            statement=body.stated(),
            subject=context.subject,
            contact=None if body.contact is None else body.contact.details(),
        )
        view = await queries.get_employer(context.session, employer.id)
        return RegistrationView(employer=view, contact_id=person.id)

    return await run_command(request, command, status=201)


@router.get("/employers/{employer_id}")
async def get_employer(employer_id: UUID, session: ReadSession) -> EmployerView:
    """Show an employer with its workplaces and the projects that it has joined."""
    return await queries.get_employer(session, employer_id)


@router.patch("/employers/{employer_id}", response_model=EmployerView)
async def change_employer(request: Request, employer_id: UUID, body: ChangeEmployer) -> Response:
    """Change the name, or what is stated of the undertaking."""

    async def command(context: CommandContext) -> EmployerView:
        await commands.change_employer(
            context.session,
            context.clock,
            employer_id,
            name=body.name,
            undertaking=None if body.undertaking is None else body.undertaking.facts(),
            version=body.version,
            by=context.actor.person_id,
        )
        return await queries.get_employer(context.session, employer_id)

    return await run_command(request, command)


@router.post("/employers/{employer_id}/workplaces", status_code=201, response_model=EmployerView)
async def add_workplace(request: Request, employer_id: UUID, body: WorkplaceBody) -> Response:
    """Add a workplace; it takes part in each joined project whose conditions let it in."""

    async def command(context: CommandContext) -> EmployerView:
        await commands.add_workplace(
            context.session, context.clock, employer_id, body.details(), by=context.actor.person_id
        )
        return await queries.get_employer(context.session, employer_id)

    return await run_command(request, command, status=201)


@router.post("/employers/{employer_id}/projects", status_code=201, response_model=EmployerView)
async def join_project(request: Request, employer_id: UUID, body: JoinProject) -> Response:
    """Let the employer join another project; refused with every reason where its conditions are not met."""

    async def command(context: CommandContext) -> EmployerView:
        await membership.join_project(
            context.session,
            context.clock,
            keys_of(request),
            employer_id,
            body.project_id,
            statement=body.stated(),
            by=context.actor.person_id,
        )
        return await queries.get_employer(context.session, employer_id)

    return await run_command(request, command, status=201)


@router.post("/projects/{project_id}/employers/{employer_id}/leave", response_model=EmployerView)
async def leave_project(request: Request, project_id: UUID, employer_id: UUID, body: LeaveProject) -> Response:
    """End the employer's part in the project."""

    async def command(context: CommandContext) -> EmployerView:
        await membership.leave_project(
            context.session, context.clock, employer_id, project_id, reason=body.reason, by=context.actor.person_id
        )
        return await queries.get_employer(context.session, employer_id)

    return await run_command(request, command)


@router.get("/projects/{project_id}/employers")
async def list_employers(
    project_id: UUID, session: ReadSession, query: Annotated[EmployerFilter, Query()]
) -> Page[EmployerSummary]:
    """List the project's employers by name."""
    return await queries.list_employers(session, project_id, query, search=query.search)


@router.get("/employers/{employer_id}/history")
async def list_employer_history(employer_id: UUID, session: ReadSession, query: PageQuery) -> Page[HistoryView]:
    """List what has happened to the employer, the latest first."""
    return await queries.list_history(session, employer_id, query)
