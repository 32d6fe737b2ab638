"""Who one is, taking up an invitation, and a project's own participants. An employer's people are under `employers`."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from services.booking.composition import keys_of
from services.booking.people import participants, queries
from services.booking.people.accounts import accept_invitation as accept
from services.booking.people.accounts import find_account
from services.booking.people.bodies import NumberedPersonBody
from services.booking.people.participants import Entry
from services.booking.people.queries import MeView, ParticipantView, PersonView
from services.booking.people.rules import Education, EntryStatus
from shared.web.bodies import Body
from shared.web.edge import CommandContext, CurrentSubject, ReadSession, run_command
from shared.web.pace import PACED, keep_pace_of_codes
from shared.web.page_query import PageQuery
from shared.web.paging import Page

router = APIRouter(tags=["people"])


class AcceptInvitation(Body):
    """The code of an invitation."""

    code: Annotated[str, StringConstraints(min_length=20, max_length=100, pattern="^[A-Za-z0-9_-]+$")]


class AddParticipant(NumberedPersonBody):
    """A person who takes part without an employer; status and education are those of the day of entry."""

    starts_on: date | None = None
    status_at_entry: EntryStatus = EntryStatus.UNKNOWN
    education_at_entry: Education = Education.UNKNOWN


@router.get("/me")
async def get_me(session: ReadSession, subject: CurrentSubject) -> MeView:
    """Show who is signed in, and with which roles; without an account the person is null."""
    account = await find_account(session, subject)
    if account is None:
        return MeView(issuer=subject.issuer, subject=subject.sub, person=None, grants=[], participations=[])
    return MeView(
        issuer=subject.issuer,
        subject=subject.sub,
        person=await queries.get_person(session, account.person_id, reader=account.person_id),
        grants=await queries.list_own_grants(session, account.person_id),
        participations=await queries.list_participations(session, account.person_id),
    )


@router.post("/invitations/accept", response_model=PersonView, responses=PACED)
async def accept_invitation(request: Request, body: AcceptInvitation) -> Response:
    """Make the sign-in that of the person who was invited; works once."""

    async def command(context: CommandContext) -> PersonView:
        keep_pace_of_codes(request)
        person = await accept(context.session, context.clock, context.subject, body.code)
        return queries.person_view(person, reader=person.id)

    return await run_command(request, command)


@router.post("/projects/{project_id}/people", status_code=201, response_model=ParticipantView)
async def add_participant(request: Request, project_id: UUID, body: AddParticipant) -> Response:
    """Add a participant without an employer, where the project's conditions let such people in."""

    async def command(context: CommandContext) -> ParticipantView:
        person, participation = await participants.add_participant(
            context.session,
            context.clock,
            keys_of(request),
            project_id,
            body.numbered(),
            entry=Entry(body.starts_on, body.status_at_entry, body.education_at_entry),
            by=context.actor.person_id,
        )
        return queries.participant_view(participation, person)

    return await run_command(request, command, status=201)


@router.get("/projects/{project_id}/people")
async def list_participants(project_id: UUID, session: ReadSession, query: PageQuery) -> Page[ParticipantView]:
    """List everybody who takes part in the project."""
    return await queries.list_participants(session, project_id, query)
