"""Somebody's own page, and taking up an invitation."""

from collections.abc import Mapping
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import Field, StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.people import accounts, commands, queries, wording
from services.booking.people.bodies import Email, Phone
from services.booking.people.queries import GrantView, MeView, PersonView
from services.booking.people.rules import ROLE_NAMES
from shared.kernel.errors import InvalidInput, NotFound
from shared.kernel.grants import Subject
from shared.kernel.roles import Role
from shared.web.bodies import Body, Line, Version
from shared.web.edge import CommandContext, CurrentSubject, ReadSession
from shared.web.pace import keep_pace_of_codes
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
Code = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=20, max_length=100, pattern="^[A-Za-z0-9_-]+$")
]


class MeForm(Body):
    """One's own details as they shall read."""

    given_name: Line
    family_name: Line
    email: Email | None = None
    phone: Phone | None = None
    language: Literal["sv", "en"] = "sv"
    version: Version


class InvitationForm(Body):
    """The code of an invitation."""

    code: Code


class Invited(Body):
    """An invitation that was followed by its link."""

    code: str | None = Field(default=None, max_length=100)


@router.get("/me")
async def show_me(request: Request, session: ReadSession, subject: CurrentSubject) -> Response:
    """Show who is signed in and with which roles, and let her change how she is reached."""
    return await _me_page(request, session, subject, Form())


@router.post("/me")
async def send_me(request: Request, session: ReadSession, subject: CurrentSubject) -> Response:
    """Change one's own name, addresses and language."""

    async def command(context: CommandContext, body: MeForm) -> None:
        me = context.actor.person_id
        changes: dict[str, Any] = body.model_dump(exclude={"version"})
        await commands.change_person(context.session, context.clock, me, changes, version=body.version, by=me)

    again = partial(_me_page, request, session, subject)
    return await take_form(request, MeForm, command, done="/booking/me", again=again)


@router.get("/invitation")
async def show_invitation(request: Request, query: Annotated[Invited, Query()]) -> Response:
    """Show the form of an invitation's code, filled in where its link was followed."""
    return render(request, "people/invitation.html", form=Form(), code=query.code or "")


@router.post("/invitation")
async def send_invitation(request: Request, query: Annotated[Invited, Query()]) -> Response:
    """Make the sign-in that of the person who was invited."""

    async def command(context: CommandContext, body: InvitationForm) -> PersonView:
        keep_pace_of_codes(request)
        try:
            person = await accounts.accept_invitation(context.session, context.clock, context.subject, body.code)
        except NotFound as error:
            # a mistyped code is a wrong field, not a page that is missing
            raise InvalidInput(error.text.message, code=error.code, field="code") from error
        return queries.person_view(person, reader=person.id)

    async def again(form: Form[InvitationForm]) -> Response:
        return render(request, "people/invitation.html", form=form, code=query.code or "")

    return await take_form(request, InvitationForm, command, done="/booking/", again=again)


async def _me_page(request: Request, session: AsyncSession, subject: Subject, form: Form[MeForm]) -> Response:
    account = await accounts.find_account(session, subject)
    if account is None:
        return render(request, "people/me.html", me=None, form=form, held=[], parts=[], wording=wording)
    me = MeView(
        issuer=subject.issuer,
        subject=subject.sub,
        person=await queries.get_person(session, account.person_id, reader=account.person_id),
        grants=await queries.list_own_grants(session, account.person_id),
        participations=await queries.list_participations(session, account.person_id),
    )
    names = await queries.names_held_for(session, me.grants, me.participations)
    return render(
        request,
        "people/me.html",
        me=me,
        form=form,
        held=[(ROLE_NAMES[Role(grant.role)], _held_for(names, grant)) for grant in me.grants],
        parts=[(names.get(part.project_id, ""), part) for part in me.participations],
        wording=wording,
    )


def _held_for(names: Mapping[UUID, str], grant: GrantView) -> list[str]:
    ids: tuple[UUID | None, ...] = (grant.employer_id, grant.project_id, grant.buyer_id)
    return [names[one] for one in ids if one is not None and one in names]
