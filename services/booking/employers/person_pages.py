"""One of an employer's people: her page, her details changed, her work ended, and her invitation to sign in."""

from datetime import date
from functools import partial
from typing import Any, Final
from uuid import UUID

from fastapi import APIRouter, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.employers import employments, queries
from services.booking.employers.delegation import check_acts_for, check_may_unprotect
from services.booking.employers.history import history_entries
from services.booking.employers.queries import EmployeeView
from services.booking.employers.standing import Standing, standing_of
from services.booking.people import accounts, commands, wording
from services.booking.people.bodies import PersonBody
from services.booking.people.queries import list_person_history
from services.booking.people.rules import INVITATION_LIFE
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Version, View
from shared.web.edge import CommandContext, ReadSession
from shared.web.exchange import parts_of
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
_PEOPLE: Final = "/projects/{project_id}/employers/{employer_id}/people"


class ChangeForm(PersonBody):
    """A person as she shall read."""

    version: Version


class EndForm(Body):
    """The last day of her work; today where none is given."""

    ends_on: date | None = None


class CodeView(View):
    """An invitation's code."""

    code: str


@router.get(_PEOPLE + "/{person_id}")
async def show_employee(
    request: Request, project_id: UUID, employer_id: UUID, person_id: UUID, session: ReadSession
) -> Response:
    """Show one of the employer's people."""
    standing = await standing_of(request, session, employer_id, project_id)
    person = await queries.get_employee(session, project_id, employer_id, person_id)
    rows = await list_person_history(session, person_id, employer_id)
    return render(
        request,
        "employers/person.html",
        standing=standing,
        person=person,
        workplace=await _workplace(session, employer_id, person),
        history=await history_entries(request, session, standing, rows, lambda row: wording.change_text(row.change)),
        wording=wording,
    )


@router.get(_PEOPLE + "/{person_id}/change")
async def show_change_employee(
    request: Request, project_id: UUID, employer_id: UUID, person_id: UUID, session: ReadSession
) -> Response:
    """Show the form of a person's details."""
    return await _change_page(request, session, project_id, employer_id, person_id, Form())


@router.post(_PEOPLE + "/{person_id}/change")
async def send_change_employee(
    request: Request, project_id: UUID, employer_id: UUID, person_id: UUID, session: ReadSession
) -> Response:
    """Change a person's names, addresses, language or protection."""

    async def command(context: CommandContext, body: ChangeForm) -> None:
        known = await queries.get_employee(context.session, project_id, employer_id, person_id)
        # a box that stands as it stood asks for nothing
        same = {"version", "protected"} if body.protected == known.protected else {"version"}
        changes = body.model_dump(exclude=same)
        await check_acts_for(context.session, context.actor, person_id)
        check_may_unprotect(context.actor, person_id, changes)
        await commands.change_person(
            context.session,
            context.clock,
            person_id,
            changes,
            version=body.version,
            by=context.actor.person_id,
        )

    done = f"{_address(project_id, employer_id)}/{person_id}"
    again = partial(_change_page, request, session, project_id, employer_id, person_id)
    return await take_form(request, ChangeForm, command, done=done, again=again)


@router.get(_PEOPLE + "/{person_id}/end")
async def show_end_employment(
    request: Request, project_id: UUID, employer_id: UUID, person_id: UUID, session: ReadSession
) -> Response:
    """Say what ending a person's work does, before it is done."""
    return await _end_page(request, session, project_id, employer_id, person_id, Form())


@router.post(_PEOPLE + "/{person_id}/end")
async def send_end_employment(
    request: Request, project_id: UUID, employer_id: UUID, person_id: UUID, session: ReadSession
) -> Response:
    """Say that the person no longer works for the employer."""

    async def command(context: CommandContext, body: EndForm) -> None:
        await queries.check_in_project(context.session, project_id, employer_id)
        await employments.end_employment(
            context.session,
            context.clock,
            employer_id,
            person_id,
            ends_on=body.ends_on,
            by=context.actor.person_id,
        )

    again = partial(_end_page, request, session, project_id, employer_id, person_id)
    return await take_form(request, EndForm, command, done=_address(project_id, employer_id), again=again)


@router.get(_PEOPLE + "/{person_id}/invite")
async def show_invite_employee(
    request: Request, project_id: UUID, employer_id: UUID, person_id: UUID, session: ReadSession
) -> Response:
    """Say what an invitation does, before it is made."""
    return await _invite_page(request, session, project_id, employer_id, person_id, Form())


@router.post(_PEOPLE + "/{person_id}/invite")
async def send_invite_employee(
    request: Request, project_id: UUID, employer_id: UUID, person_id: UUID, session: ReadSession
) -> Response:
    """Make an invitation and show its link, this once."""
    codes: list[str] = []

    async def command(context: CommandContext, _body: Body) -> CodeView:
        await check_acts_for(context.session, context.actor, person_id)
        made = await accounts.invite_person(context.session, context.clock, person_id, by=context.actor.person_id)
        return CodeView(code=made.code)

    async def again(form: Form[Body]) -> Response:
        return await _invite_page(request, session, project_id, employer_id, person_id, form)

    def keep(answer: Any) -> str:  # noqa: ANN401 - the stored answer
        codes.append(answer["code"])
        return _address(project_id, employer_id)

    answer = await take_form(request, Body, command, done=keep, again=again)
    if not codes:
        return answer
    standing = await standing_of(request, session, employer_id, project_id)
    back = f"{_address(project_id, employer_id)}/{person_id}"
    return invitation_page(request, standing, codes[0], back=back)


def invitation_page(request: Request, standing: Standing, code: str, *, back: str) -> Response:
    """Show the link of an invitation; its code is told this once."""
    link = f"{parts_of(request).origin}/booking/invitation?code={code}"
    return render(
        request,
        "employers/invited.html",
        standing=standing,
        link=link,
        code=code,
        back=back,
        days=INVITATION_LIFE.days,
    )


async def _change_page(
    request: Request,
    session: AsyncSession,
    project_id: UUID,
    employer_id: UUID,
    person_id: UUID,
    form: Form[ChangeForm],
) -> Response:
    standing = await standing_of(request, session, employer_id, project_id)
    person = await queries.get_employee(session, project_id, employer_id, person_id)
    return render(request, "employers/person_change.html", standing=standing, form=form, person=person)


async def _end_page(
    request: Request, session: AsyncSession, project_id: UUID, employer_id: UUID, person_id: UUID, form: Form[EndForm]
) -> Response:
    standing = await standing_of(request, session, employer_id, project_id)
    person = await queries.get_employee(session, project_id, employer_id, person_id)
    does = [
        Text(N_("The person is no longer among the employer's people, and can be given no more seats.")),
        Text(N_("Seats that she has already stay hers until you change the booking.")),
        Text(N_("Her hours stay in the project's accounts. Nobody is written to about it.")),
    ]
    return render(request, "employers/person_end.html", standing=standing, form=form, person=person, does=does)


async def _invite_page(
    request: Request, session: AsyncSession, project_id: UUID, employer_id: UUID, person_id: UUID, form: Form[Body]
) -> Response:
    standing = await standing_of(request, session, employer_id, project_id)
    person = await queries.get_employee(session, project_id, employer_id, person_id)
    does = [
        Text(
            N_("A link is made, by which the person gets to sign in. It works once, within {days} days."),
            {"days": INVITATION_LIFE.days},
        ),
        Text(N_("An earlier link to her no longer works.")),
        Text(N_("It is shown to you alone: send it to her yourself.")),
    ]
    return render(request, "employers/person_invite.html", standing=standing, form=form, person=person, does=does)


async def _workplace(session: AsyncSession, employer_id: UUID, person: EmployeeView) -> str:
    workplaces = await queries.list_workplaces(session, employer_id)
    return next(workplace.name for workplace in workplaces if workplace.workplace_id == person.workplace_id)


def _address(project_id: UUID, employer_id: UUID) -> str:
    return f"/booking/projects/{project_id}/employers/{employer_id}/people"
