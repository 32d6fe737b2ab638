"""Who holds which role in a project: listed, given, invited anew and taken back by those who lead it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlalchemy import exists
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.composition import keys_of
from services.booking.employers import appointing
from services.booking.employers.contacts_pages import AppointedView, AppointForm
from services.booking.employers.tables import Employer
from services.booking.people.queries import find_names, get_held_role
from services.booking.people.rules import INVITATION_LIFE, MAY_GIVE, ROLE_NAMES
from services.booking.people.tables import Account, Person, RoleGrant
from services.booking.projects.leading import led_project
from services.booking.projects.tables import ProjectBuyer
from shared.kernel.errors import NotFound
from shared.kernel.grants import Actor, Grant
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body
from shared.web.edge import CommandContext, CurrentActor, ReadSession
from shared.web.exchange import parts_of
from shared.web.pages.exports import Column, ListFilter, show_or_export
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows, page_of

router = APIRouter()
_ROLES: Final = "/projects/{project_id}/roles"
_MOST_KNOWN: Final = 500
_FOR_PROJECT: Final = (Role.COACH, Role.TRAINER, Role.PROJECT_LEAD)
_FOR_BUYER: Final = (Role.PROCUREMENT_OFFICER, Role.AWARD_DELEGATE)


@dataclass(frozen=True, slots=True)
class HeldRole:
    """A role in the project's list: who holds it, for what, since when and from whom."""

    grant_id: UUID
    role: Role
    name: str | None
    person_id: UUID
    held_for: str | None
    since: datetime
    given_by: str | None
    can_sign_in: bool


class RoleFilter(ListFilter):
    """Which roles to list."""

    role: Role | None = None


class RoleForm(AppointForm):
    """Who gets which role in the project."""

    role: Role
    buyer_id: UUID | None = None


_COLUMNS: Final = (
    Column(N_("Role"), lambda row: Text(ROLE_NAMES[row.role])),
    Column(N_("Who"), lambda row: row.name or Text(N_("Somebody with protected identity"))),
    Column(N_("Held for"), lambda row: row.held_for),
    Column(N_("Since"), lambda row: row.since),
    Column(N_("Given by"), lambda row: row.given_by),
    Column(N_("Can sign in"), lambda row: row.can_sign_in),
)


@router.get(_ROLES)
async def show_roles(
    request: Request,
    project_id: UUID,
    session: ReadSession,
    actor: CurrentActor,
    query: Annotated[RoleFilter, Query()],
) -> Response:
    """List the roles that are held in the project."""

    async def show(held: Listing[HeldRole]) -> Response:
        return render(
            request,
            "employers/roles.html",
            project=await led_project(request, session, project_id),
            held=held,
            role_names={role: ROLE_NAMES[role] for role in (*_FOR_PROJECT, *_FOR_BUYER)},
            may_take=_may_give(actor),
        )

    read = partial(_list_roles, session, project_id)
    return await show_or_export(request, query, name="roles", columns=_COLUMNS, read=read, show=show)


@router.get(_ROLES + "/new")
async def show_give_role(request: Request, project_id: UUID, session: ReadSession, actor: CurrentActor) -> Response:
    """Show the form by which somebody gets a role in the project."""
    return await _give_page(request, session, project_id, actor, Form())


@router.post(_ROLES + "/new")
async def send_give_role(request: Request, project_id: UUID, session: ReadSession, actor: CurrentActor) -> Response:
    """Give somebody a role; a new person's invitation is shown once."""
    codes: list[str] = []
    back = f"/booking/projects/{project_id}/roles"

    async def command(context: CommandContext, body: RoleForm) -> AppointedView:
        newcomer = body.newcomer()
        is_for_buyer = body.role in _FOR_BUYER
        appointed = await appointing.appoint(
            context.session,
            context.clock,
            keys_of(request),
            Grant(body.role, project_id=project_id, buyer_id=body.buyer_id if is_for_buyer else None),
            person_id=body.person_id if newcomer is None else None,
            newcomer=newcomer,
            by=context.actor,
        )
        return AppointedView(code=None if appointed.invitation is None else appointed.invitation.code)

    async def again(form: Form[RoleForm]) -> Response:
        return await _give_page(request, session, project_id, actor, form)

    def keep(answer: Any) -> str:  # noqa: ANN401 - the stored answer
        codes.extend([answer["code"]] if answer["code"] else [])
        return back

    answer = await take_form(request, RoleForm, command, done=keep, again=again)
    if not codes:
        return answer
    return render(
        request,
        "employers/role_invited.html",
        project=await led_project(request, session, project_id),
        link=f"{parts_of(request).origin}/booking/invitation?code={codes[0]}",
        back=back,
        days=INVITATION_LIFE.days,
    )


@router.get(_ROLES + "/{grant_id}/withdraw")
async def show_withdraw_role(
    request: Request, project_id: UUID, grant_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Say what taking the role back does, before it is done."""
    return await _withdraw_page(request, session, project_id, grant_id, actor, Form())


@router.post(_ROLES + "/{grant_id}/withdraw")
async def send_withdraw_role(
    request: Request, project_id: UUID, grant_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Take a role in the project back."""
    held = await get_held_role(session, grant_id)

    async def command(context: CommandContext, _body: Body) -> None:
        await appointing.withdraw(context.session, context.clock, grant_id, by=context.actor)

    # one who takes her own role back may not see the project's roles any more
    is_own = held is not None and held.person_id == actor.person_id
    done = "/booking/" if is_own else f"/booking/projects/{project_id}/roles"
    again = partial(_withdraw_page, request, session, project_id, grant_id, actor)
    return await take_form(request, Body, command, done=done, again=again)


def _may_give(actor: Actor) -> frozenset[Role]:
    return frozenset[Role]().union(*(MAY_GIVE.get(grant.role, frozenset()) for grant in actor.grants))


async def _give_page(
    request: Request, session: AsyncSession, project_id: UUID, actor: Actor, form: Form[RoleForm]
) -> Response:
    may = _may_give(actor)
    roles = [role for role in (*_FOR_PROJECT, *_FOR_BUYER) if role in may]
    return render(
        request,
        "employers/give_role.html",
        project=await led_project(request, session, project_id),
        form=form,
        roles_to_give=[(role.value, ROLE_NAMES[role]) for role in roles],
        known=await _known_people(session, project_id),
        buyers=await _buyers(session, project_id) if set(roles) & set(_FOR_BUYER) else (),
    )


async def _withdraw_page(
    request: Request, session: AsyncSession, project_id: UUID, grant_id: UUID, actor: Actor, form: Form[Body]
) -> Response:
    held = await get_held_role(session, grant_id)
    if held is None:
        raise NotFound(N_("The role has been taken back already."), code="grant_not_found")
    does = [
        Text(
            N_("The person can no longer do in the project what the role “{role}” allows."),
            {"role": ROLE_NAMES[Role(held.role)]},
        ),
        Text(N_("What has been done in the role stays in the history. Nobody is written to about it.")),
    ]
    if held.person_id == actor.person_id:
        does.insert(0, Text(N_("It is your own role: you can no longer come here yourself.")))
    return render(
        request,
        "employers/withdraw_role.html",
        project=await led_project(request, session, project_id),
        held=held,
        form=form,
        does=does,
    )


async def _list_roles(session: AsyncSession, project_id: UUID, query: RoleFilter) -> Rows[HeldRole]:
    signs_in = exists().where(col(Account.person_id) == col(Person.id))
    statement: Any = (
        select(RoleGrant, Person, Employer.name, ProjectBuyer.name)
        .add_columns(signs_in)
        .join(Person, col(Person.id) == col(RoleGrant.person_id))
        .outerjoin(Employer, col(Employer.id) == col(RoleGrant.employer_id))
        .outerjoin(
            ProjectBuyer,
            (col(ProjectBuyer.buyer_id) == col(RoleGrant.buyer_id)) & (col(ProjectBuyer.project_id) == project_id),
        )
        .where(col(RoleGrant.project_id) == project_id, col(RoleGrant.withdrawn_at).is_(None))
    )
    for word in (query.q or "").split():
        names = col(Person.given_name).collate("und-x-icu") + " " + col(Person.family_name)
        statement = statement.where(col(Person.protected).is_(False), names.icontains(word, autoescape=True))
    if query.role is not None:
        statement = statement.where(col(RoleGrant.role) == query.role.value)
    page: Rows[Any] = await page_of(session, statement, [col(RoleGrant.id)], query, keys=lambda row: (row[0].id,))
    givers = await find_names(session, {row[0].granted_by for row in page.rows if row[0].granted_by is not None})
    return Rows([_held(row, givers) for row in page.rows], page.next)


def _held(row: Any, givers: Mapping[UUID, str]) -> HeldRole:  # noqa: ANN401 - what the statement gives
    grant, person, employer_name, buyer_name, can_sign_in = row
    return HeldRole(
        grant_id=grant.id,
        role=Role(grant.role),
        name=None if person.protected else f"{person.given_name} {person.family_name}",
        person_id=person.id,
        held_for=employer_name or buyer_name,
        since=grant.granted_at,
        given_by=givers.get(grant.granted_by) if grant.granted_by is not None else None,
        can_sign_in=can_sign_in,
    )


async def _known_people(session: AsyncSession, project_id: UUID) -> Sequence[tuple[UUID, str]]:
    """Return who holds a role in the project already, by name."""
    found = await session.exec(
        select(Person.id, Person.given_name, Person.family_name)
        .join(RoleGrant, col(RoleGrant.person_id) == col(Person.id))
        .where(
            col(RoleGrant.project_id) == project_id,
            col(RoleGrant.withdrawn_at).is_(None),
            col(Person.erased_at).is_(None),
            col(Person.protected).is_(False),
        )
        .distinct()
        .order_by(col(Person.family_name), col(Person.given_name), col(Person.id))
        .limit(_MOST_KNOWN)
    )
    return [(person_id, f"{given} {family}") for person_id, given, family in found]


async def _buyers(session: AsyncSession, project_id: UUID) -> Sequence[tuple[UUID, str]]:
    found = await session.exec(
        select(ProjectBuyer.buyer_id, ProjectBuyer.name)
        .where(col(ProjectBuyer.project_id) == project_id)
        .order_by(col(ProjectBuyer.name))
    )
    return [(buyer_id, name) for buyer_id, name in found]
