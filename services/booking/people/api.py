"""Who one is, and taking up an invitation. What is done to other people is under their employer or project."""

from typing import Annotated

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import StringConstraints

from services.booking.people import queries
from services.booking.people.accounts import accept_invitation as accept
from services.booking.people.accounts import find_account
from services.booking.people.queries import MeView, PersonView
from shared.web.bodies import Body
from shared.web.edge import CommandContext, CurrentSubject, ReadSession, run_command

router = APIRouter(tags=["people"])


class AcceptInvitation(Body):
    """The code of an invitation."""

    code: Annotated[str, StringConstraints(min_length=20, max_length=100, pattern="^[A-Za-z0-9_-]+$")]


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


@router.post("/invitations/accept", response_model=PersonView)
async def accept_invitation(request: Request, body: AcceptInvitation) -> Response:
    """Make the sign-in that of the person who was invited; works once."""

    async def command(context: CommandContext) -> PersonView:
        person = await accept(context.session, context.clock, context.subject, body.code)
        return queries.person_view(person, reader=person.id)

    return await run_command(request, command)
