"""Who acts for an employer: its contacts and the coaches chosen for it, appointed, invited and taken back."""

from functools import partial
from typing import Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.composition import keys_of
from services.booking.employers import appointing, queries
from services.booking.employers.person_pages import invitation_page
from services.booking.employers.standing import standing_of
from services.booking.people.bodies import Email, Phone
from services.booking.people.queries import HeldRoleView, get_held_role, list_coaches, list_employer_roles
from services.booking.people.rules import PersonDetails
from shared.kernel.errors import InvalidInput
from shared.kernel.grants import Grant
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Line, View
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render, see_other
from shared.web.paging import PageFilter

router = APIRouter()
_CONTACTS: Final = "/projects/{project_id}/employers/{employer_id}/contacts"
_ALL: Final = PageFilter(limit=200)


class AppointForm(Body):
    """Who gets the role: somebody who is here, or a new person."""

    person_id: UUID | None = None
    given_name: Line | None = None
    family_name: Line | None = None
    email: Email | None = None
    phone: Phone | None = None
    language: Literal["sv", "en"] = "sv"

    def newcomer(self) -> PersonDetails | None:
        """Return the new person, where one is filled in; raises InvalidInput where half of her name is."""
        if self.given_name is None and self.family_name is None:
            if self.person_id is None:
                raise InvalidInput(
                    N_("Choose somebody, or write the name of a new person."), code="who_is_it", field="given_name"
                )
            return None
        if self.given_name is None or self.family_name is None:
            raise InvalidInput(
                N_("Both first and last name are needed."),
                code="name_incomplete",
                field="given_name" if self.given_name is None else "family_name",
            )
        return PersonDetails(self.given_name, self.family_name, self.email, self.phone, self.language)


class AppointedView(View):
    """The code of a new person's invitation; none for somebody who was here."""

    code: str | None


@router.get(_CONTACTS)
async def show_contacts(request: Request, project_id: UUID, employer_id: UUID, session: ReadSession) -> Response:
    """Show who acts for the employer in the project."""
    standing = await standing_of(request, session, employer_id, project_id)
    held = await list_employer_roles(session, project_id, employer_id, _ALL)
    # a participant's role is held for the employer too, and lets her do nothing for it
    acting = [each for each in held.items if each.role in (Role.CONTACT, Role.COACH)]
    return render(request, "employers/contacts.html", standing=standing, held=acting)


@router.get(_CONTACTS + "/new")
async def show_add_contact(request: Request, project_id: UUID, employer_id: UUID, session: ReadSession) -> Response:
    """Show the form by which somebody becomes a contact."""
    return await _appoint_page(request, session, project_id, employer_id, Role.CONTACT, Form())


@router.post(_CONTACTS + "/new")
async def send_add_contact(request: Request, project_id: UUID, employer_id: UUID, session: ReadSession) -> Response:
    """Make somebody a contact of the employer, in all its projects."""
    grant = Grant(Role.CONTACT, employer_id=employer_id)
    return await _appoint(request, session, project_id, employer_id, grant)


@router.get("/projects/{project_id}/employers/{employer_id}/coaches/new")
async def show_add_coach(request: Request, project_id: UUID, employer_id: UUID, session: ReadSession) -> Response:
    """Show the form by which somebody becomes the employer's coach."""
    return await _appoint_page(request, session, project_id, employer_id, Role.COACH, Form())


@router.post("/projects/{project_id}/employers/{employer_id}/coaches/new")
async def send_add_coach(request: Request, project_id: UUID, employer_id: UUID, session: ReadSession) -> Response:
    """Make somebody the employer's coach in the project."""
    grant = Grant(Role.COACH, project_id=project_id, employer_id=employer_id)
    return await _appoint(request, session, project_id, employer_id, grant)


@router.get(_CONTACTS + "/{grant_id}/withdraw")
async def show_withdraw_contact(
    request: Request, project_id: UUID, employer_id: UUID, grant_id: UUID, session: ReadSession
) -> Response:
    """Say what taking a role back does, before it is done."""
    return await _withdraw_page(request, session, project_id, employer_id, grant_id, Form())


@router.post(_CONTACTS + "/{grant_id}/withdraw")
async def send_withdraw_contact(
    request: Request, project_id: UUID, employer_id: UUID, grant_id: UUID, session: ReadSession
) -> Response:
    """Take back a role held for the employer."""

    async def command(context: CommandContext, _body: Body) -> None:
        await appointing.withdraw(context.session, context.clock, grant_id, by=context.actor)

    # one who takes her own role back may not see the contacts any more
    again = partial(_withdraw_page, request, session, project_id, employer_id, grant_id)
    return await take_form(request, Body, command, done="/booking/", again=again)


async def _appoint(
    request: Request, session: AsyncSession, project_id: UUID, employer_id: UUID, grant: Grant
) -> Response:
    codes: list[str] = []
    list_address = f"/booking/projects/{project_id}/employers/{employer_id}/contacts"

    async def command(context: CommandContext, body: AppointForm) -> AppointedView:
        newcomer = body.newcomer()
        await queries.check_in_project(context.session, project_id, employer_id)
        appointed = await appointing.appoint(
            context.session,
            context.clock,
            keys_of(request),
            grant,
            person_id=body.person_id if newcomer is None else None,
            newcomer=newcomer,
            by=context.actor,
        )
        return AppointedView(code=None if appointed.invitation is None else appointed.invitation.code)

    async def again(form: Form[AppointForm]) -> Response:
        return await _appoint_page(request, session, project_id, employer_id, grant.role, form)

    def keep(answer: Any) -> str:  # noqa: ANN401 - the stored answer
        codes.extend([answer["code"]] if answer["code"] else [])
        return list_address

    answer = await take_form(request, AppointForm, command, done=keep, again=again)
    if not codes:
        return answer
    standing = await standing_of(request, session, employer_id, project_id)
    return invitation_page(request, standing, codes[0], back=list_address)


async def _appoint_page(
    request: Request, session: AsyncSession, project_id: UUID, employer_id: UUID, role: Role, form: Form[AppointForm]
) -> Response:
    standing = await standing_of(request, session, employer_id, project_id)
    if role is Role.COACH:
        known = await list_coaches(session, project_id)
    else:
        people = await queries.list_people(session, project_id, employer_id, _ALL)
        known = [
            (person.person_id, f"{person.given_name} {person.family_name}")
            for person in people.items
            if not person.protected
        ]
    return render(
        request, "employers/appoint.html", standing=standing, form=form, known=known, is_coach=role is Role.COACH
    )


async def _withdraw_page(
    request: Request, session: AsyncSession, project_id: UUID, employer_id: UUID, grant_id: UUID, form: Form[Body]
) -> Response:
    standing = await standing_of(request, session, employer_id, project_id)
    held = await get_held_role(session, grant_id)
    if held is None:
        return see_other(standing.address("/contacts", project_id))
    return render(
        request, "employers/withdraw.html", standing=standing, held=held, form=form, does=_what_withdrawing_does(held)
    )


def _what_withdrawing_does(held: HeldRoleView) -> list[Text]:
    if held.role == Role.CONTACT:
        return [
            Text(N_("The person can no longer see or do anything for the employer, in any of its projects.")),
            Text(N_("What she has booked and asked for stays. Nobody is written to about it.")),
        ]
    return [
        Text(N_("The employer is no longer in the coach's care in this project.")),
        Text(N_("What the coach has done stays in the history. Nobody is written to about it.")),
    ]
