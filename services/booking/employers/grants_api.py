"""Roles in a project and for an employer: given, listed and taken back. A new person is invited in the same step."""

from datetime import datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field

from services.booking.composition import keys_of
from services.booking.employers import appointing
from services.booking.employers.queries import check_in_project
from services.booking.people import queries
from services.booking.people.bodies import PersonBody
from services.booking.people.queries import HeldRoleView
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from shared.web.bodies import Body, View
from shared.web.edge import CommandContext, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["roles"])
_FOR_EMPLOYER = "/projects/{project_id}/employers/{employer_id}"


class WhoBody(Body):
    """Who gets the role: somebody within reach, or a new person, who is invited."""

    person_id: UUID | None = None
    person: PersonBody | None = None


class GiveRole(WhoBody):
    """A role for the project."""

    role: Role
    employer_id: UUID | None = None
    buyer_id: UUID | None = Field(default=None, description="Needed for a procurement officer and an award delegate")


class GivenRoleView(View):
    """The role, and the invitation of a new person: its code is told this once."""

    grant: HeldRoleView
    invitation_code: str | None
    invitation_expires_at: datetime | None


@router.post("/projects/{project_id}/grants", status_code=201, response_model=GivenRoleView)
async def give_role(request: Request, project_id: UUID, body: GiveRole) -> Response:
    """Give somebody a role in the project."""
    grant = Grant(body.role, project_id=project_id, employer_id=body.employer_id, buyer_id=body.buyer_id)
    return await _appoint(request, grant, body)


@router.get("/projects/{project_id}/grants")
async def list_grants(project_id: UUID, session: ReadSession, query: PageQuery) -> Page[HeldRoleView]:
    """List the roles held for the project, the oldest first."""
    return await queries.list_held_roles(session, project_id, query)


@router.delete("/projects/{project_id}/grants/{grant_id}", status_code=204, response_class=Response)
async def withdraw_grant(
    request: Request,
    project_id: UUID,  # noqa: ARG001 - the gate has asked whether the grant is one of the project's
    grant_id: UUID,
) -> Response:
    """Take a role in the project back."""
    return await _withdraw(request, grant_id)


@router.post(_FOR_EMPLOYER + "/contacts", status_code=201, response_model=GivenRoleView)
async def add_contact(request: Request, project_id: UUID, employer_id: UUID, body: WhoBody) -> Response:
    """Make somebody a contact of the employer, in all its projects."""
    return await _appoint(request, Grant(Role.CONTACT, employer_id=employer_id), body, within=project_id)


@router.post(_FOR_EMPLOYER + "/coaches", status_code=201, response_model=GivenRoleView)
async def add_coach(request: Request, project_id: UUID, employer_id: UUID, body: WhoBody) -> Response:
    """Make somebody the employer's coach in the project."""
    grant = Grant(Role.COACH, project_id=project_id, employer_id=employer_id)
    return await _appoint(request, grant, body, within=project_id)


@router.get(_FOR_EMPLOYER + "/grants")
async def list_employer_grants(
    project_id: UUID, employer_id: UUID, session: ReadSession, query: PageQuery
) -> Page[HeldRoleView]:
    """List the employer's contacts, and the coaches chosen for it."""
    await check_in_project(session, project_id, employer_id)
    return await queries.list_employer_roles(session, project_id, employer_id, query)


@router.delete(_FOR_EMPLOYER + "/grants/{grant_id}", status_code=204, response_class=Response)
async def withdraw_employer_grant(
    request: Request,
    project_id: UUID,  # noqa: ARG001 - as above
    employer_id: UUID,  # noqa: ARG001 - as above
    grant_id: UUID,
) -> Response:
    """Take back a role held for the employer."""
    return await _withdraw(request, grant_id)


async def _appoint(request: Request, grant: Grant, who: WhoBody, *, within: UUID | None = None) -> Response:
    async def command(context: CommandContext) -> GivenRoleView:
        if within is not None and grant.employer_id is not None:
            await check_in_project(context.session, within, grant.employer_id)
        appointed = await appointing.appoint(
            context.session,
            context.clock,
            keys_of(request),
            grant,
            person_id=who.person_id,
            newcomer=None if who.person is None else who.person.details(),
            by=context.actor,
        )
        invitation = appointed.invitation
        return GivenRoleView(
            grant=queries.held_role_view(appointed.grant, appointed.person),
            invitation_code=None if invitation is None else invitation.code,
            invitation_expires_at=None if invitation is None else invitation.expires_at,
        )

    return await run_command(request, command, status=201)


async def _withdraw(request: Request, grant_id: UUID) -> Response:
    async def command(context: CommandContext) -> None:
        await appointing.withdraw(context.session, context.clock, grant_id, by=context.actor)

    return await run_command(request, command)
