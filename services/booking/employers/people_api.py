"""An employer's people in a project, and what may be done for a person by those who act for her."""

from datetime import date, datetime
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response

from services.booking.composition import keys_of
from services.booking.employers import employments, queries
from services.booking.employers.delegation import check_acts_for, check_may_unprotect
from services.booking.employers.employments import Employee
from services.booking.employers.queries import EmployeeView
from services.booking.people import accounts, commands, erasing
from services.booking.people import queries as people_queries
from services.booking.people.bodies import ChangePerson, NumberedPersonBody
from services.booking.people.queries import ParticipationView, PersonView
from services.booking.people.rules import Education, EntryStatus
from shared.web.bodies import Body, Reason, View
from shared.web.edge import CommandContext, CurrentActor, ReadSession, run_command
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["people"])
_PEOPLE = "/projects/{project_id}/employers/{employer_id}/people"


class AddEmployee(NumberedPersonBody):
    """A person who works for the employer; status and education are those of the day of entry."""

    workplace_id: UUID
    starts_on: date | None = None
    status_at_entry: EntryStatus = EntryStatus.EMPLOYED
    education_at_entry: Education = Education.UNKNOWN


class EndDay(Body):
    """The last day; today where none is given."""

    ends_on: date | None = None


class EndParticipation(Body):
    """The last day in the project."""

    ends_on: date


class InvitationView(View):
    """An invitation; its code is told this once."""

    invitation_id: UUID
    code: str
    expires_at: datetime


class ErasePerson(Body):
    """Why the person is erased."""

    reason: Reason


class ErasedView(View):
    """Whether the values are kept, shown to nobody, while the project's accounts must be kept."""

    person_id: UUID
    kept: bool


@router.post(_PEOPLE, status_code=201, response_model=EmployeeView)
async def add_employee(request: Request, project_id: UUID, employer_id: UUID, body: AddEmployee) -> Response:
    """Add a person who works for the employer and takes part in the project."""

    async def command(context: CommandContext) -> EmployeeView:
        person = await employments.add_employee(
            context.session,
            context.clock,
            keys_of(request),
            project_id,
            employer_id,
            Employee(
                details=body.numbered(),
                workplace_id=body.workplace_id,
                starts_on=body.starts_on,
                status=body.status_at_entry,
                education=body.education_at_entry,
            ),
            by=context.actor.person_id,
        )
        return await queries.get_employee(context.session, project_id, employer_id, person.id)

    return await run_command(request, command, status=201)


@router.get(_PEOPLE)
async def list_people(
    project_id: UUID, employer_id: UUID, session: ReadSession, query: PageQuery
) -> Page[EmployeeView]:
    """List the employer's people who take part in the project, by name; protected ones first and without a name."""
    return await queries.list_people(session, project_id, employer_id, query)


@router.get(_PEOPLE + "/{person_id}")
async def get_employee(project_id: UUID, employer_id: UUID, person_id: UUID, session: ReadSession) -> EmployeeView:
    """Show one of the employer's people in the project."""
    return await queries.get_employee(session, project_id, employer_id, person_id)


@router.post(_PEOPLE + "/{person_id}/end", status_code=204, response_class=Response)
async def end_employment(
    request: Request, project_id: UUID, employer_id: UUID, person_id: UUID, body: EndDay
) -> Response:
    """Say that the person no longer works for the employer."""

    async def command(context: CommandContext) -> None:
        await queries.check_in_project(context.session, project_id, employer_id)
        await employments.end_employment(
            context.session,
            context.clock,
            employer_id,
            person_id,
            ends_on=body.ends_on,
            by=context.actor.person_id,
        )

    return await run_command(request, command)


@router.post("/projects/{project_id}/people/{person_id}/end", response_model=ParticipationView)
async def end_participation(request: Request, project_id: UUID, person_id: UUID, body: EndParticipation) -> Response:
    """End the person's part in the project."""

    async def command(context: CommandContext) -> ParticipationView:
        participation = await commands.end_participation(
            context.session, context.clock, person_id, project_id, ends_on=body.ends_on, by=context.actor.person_id
        )
        return ParticipationView.model_validate(participation)

    return await run_command(request, command)


@router.get("/people/{person_id}")
async def get_person(person_id: UUID, session: ReadSession, actor: CurrentActor) -> PersonView:
    """Show a person to herself and to those who act for her."""
    return await people_queries.get_person(session, person_id, reader=actor.person_id)


@router.patch("/people/{person_id}", response_model=PersonView)
async def change_person(request: Request, person_id: UUID, body: ChangePerson) -> Response:
    """Change a person's names, addresses, language or protection."""

    async def command(context: CommandContext) -> PersonView:
        changes = body.changes()
        await check_acts_for(context.session, context.actor, person_id)
        check_may_unprotect(context.actor, person_id, changes)
        person = await commands.change_person(
            context.session, context.clock, person_id, changes, version=body.version, by=context.actor.person_id
        )
        return people_queries.person_view(person, reader=context.actor.person_id)

    return await run_command(request, command)


@router.post("/people/{person_id}/invitations", status_code=201, response_model=InvitationView)
async def invite_person(request: Request, person_id: UUID) -> Response:
    """Make a single-use invitation, by which the person gets to sign in. An earlier one no longer works."""

    async def command(context: CommandContext) -> InvitationView:
        await check_acts_for(context.session, context.actor, person_id)
        made = await accounts.invite_person(context.session, context.clock, person_id, by=context.actor.person_id)
        return InvitationView(invitation_id=made.id, code=made.code, expires_at=made.expires_at)

    return await run_command(request, command, status=201)


@router.post("/people/{person_id}/erasure", response_model=ErasedView)
async def erase_person(request: Request, person_id: UUID, body: ErasePerson) -> Response:
    """Erase a person everywhere; what the project's accounts need is kept and shown to nobody."""

    async def command(context: CommandContext) -> ErasedView:
        kept = await erasing.erase_person(
            context.session, context.clock, person_id, by=context.actor.person_id, reason=body.reason
        )
        return ErasedView(person_id=person_id, kept=kept)

    return await run_command(request, command)
