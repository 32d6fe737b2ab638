"""Where a reader stands on the pages of an employer: in which projects she reaches it, as whom she acts, what she may.

What she may is asked of the permits of the routes themselves, so that no page offers what its route would refuse.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.requests import Request

from services.booking.employers.rules import Membership
from shared.db import rows_of
from shared.kernel.errors import NotFound
from shared.kernel.grants import Actor, Scope
from shared.kernel.roles import Role
from shared.kernel.texts import N_
from shared.web.exchange import RouteFacts, exchange_of, parts_of

_PARTS = """
    SELECT employer.name, part.project_id, project.name, part.membership,
           ARRAY(SELECT buyer.buyer_id FROM project_buyers AS buyer WHERE buyer.project_id = part.project_id)
      FROM employers AS employer
      LEFT JOIN employer_projects AS part ON part.employer_id = employer.id
      LEFT JOIN projects AS project ON project.id = part.project_id
     WHERE employer.id = $1
     ORDER BY part.membership, part.joined_on, part.project_id
"""
_OWN: Final = "/booking/employers/{employer_id}"
_IN_PROJECT: Final = "/booking/projects/{project_id}/employers/{employer_id}"
_TABS: Final = (
    ("overview", _OWN, N_("Overview")),
    ("people", f"{_IN_PROJECT}/people", N_("People")),
    ("needs", f"{_IN_PROJECT}/surveys", N_("Needs and plans")),
    ("bookings", f"{_OWN}/bookings", N_("Bookings")),
    ("requests", f"{_OWN}/requests", N_("Training requests")),
    ("contacts", f"{_IN_PROJECT}/contacts", N_("Contacts")),
)
ACTING_AS: Final = {
    Role.COACH: N_("You act for {employer} as its coach. What you do here is recorded under your name."),
    Role.PROJECT_LEAD: N_("You act for {employer} as project lead. What you do here is recorded under your name."),
}


@dataclass(frozen=True, slots=True)
class Part:
    """A project that the employer has joined or left."""

    project_id: UUID
    name: str
    is_joined: bool
    buyers: frozenset[UUID]


@dataclass(frozen=True)
class Standing:
    """The reader and the employer. `project_id` is the project that the page is about, where it is about one."""

    employer_id: UUID
    name: str
    parts: tuple[Part, ...]
    actor: Actor | None
    routes: Sequence[RouteFacts]
    project_id: UUID | None = None

    @property
    def acting(self) -> str | None:
        """What is told to one who acts for the employer without being its contact."""
        if self.actor is None:
            return None
        scope = self.scope()
        if any(grant.covers(scope) for grant in self.actor.grants_of(Role.CONTACT)):
            return None
        return next((text for role, text in ACTING_AS.items() if self._covers(role, scope)), None)

    @property
    def part(self) -> Part | None:
        """The project of the page, or else the first that the reader works with the employer in."""
        if self.project_id is not None:
            return next(part for part in self.parts if part.project_id == self.project_id)
        return next(iter(self.parts_for("show_people")), None)

    def may(self, name: str, project_id: UUID | None = None) -> bool:
        """Whether the reader may use the route for this employer, in the project where one is given."""
        return any(facts.name == name and self._opens(facts, project_id) for facts in self.routes)

    def parts_for(self, name: str) -> tuple[Part, ...]:
        """Return the projects in which the reader may use the route for this employer."""
        return tuple(part for part in self.parts if self.may(name, part.project_id))

    def tabs(self, here: str) -> list[tuple[str, str, bool]]:
        """Return address, name and whether it is the open one, for each part of the employer that the reader sees."""
        shown = []
        for key, template, name in _TABS:
            facts = next((facts for facts in self.routes if facts.template == template and facts.method == "GET"), None)
            if facts is None:
                continue
            own = [part.project_id for part in self.parts if self.project_id in (None, part.project_id)]
            within: list[UUID | None] = [*own] if "{project_id}" in template else [None]
            opens = [project_id for project_id in within if self._opens(facts, project_id)]
            if opens:
                address = template.format(employer_id=self.employer_id, project_id=opens[0])
                shown.append((address, name, key == here))
        return shown

    def address(self, rest: str = "", project_id: UUID | None = None) -> str:
        """Return the address of a page of the employer, within a project where one is given."""
        within = f"/projects/{project_id}" if project_id is not None else ""
        return f"/booking{within}/employers/{self.employer_id}{rest}"

    def scope(self, project_id: UUID | None = None) -> Scope:
        """Return whose the employer is: itself and its projects, or one of them."""
        parts = [part for part in self.parts if project_id in (None, part.project_id)]
        return Scope(
            employers=frozenset({self.employer_id}),
            projects=frozenset(part.project_id for part in parts),
            buyers=frozenset[UUID]().union(*(part.buyers for part in parts)),
        )

    def _opens(self, facts: RouteFacts, project_id: UUID | None) -> bool:
        return self.actor is not None and facts.permit.allows(self.actor, self.scope(project_id))

    def _covers(self, role: Role, scope: Scope) -> bool:
        return self.actor is not None and any(grant.covers(scope) for grant in self.actor.grants_of(role))


async def standing_of(
    request: Request, session: AsyncSession, employer_id: UUID, project_id: UUID | None = None
) -> Standing:
    """Return where the reader stands; raises NotFound for an unknown employer, or one that was never in the project."""
    rows = await rows_of(session, _PARTS, employer_id)
    if not rows:
        raise NotFound(N_("There is no such employer here."), code="employer_not_found")
    parts = tuple(
        Part(part_id, name, membership == Membership.JOINED, frozenset(buyers))
        for _, part_id, name, membership, buyers in rows
        if part_id is not None
    )
    if project_id is not None and project_id not in {part.project_id for part in parts}:
        raise NotFound(N_("The employer takes no part in this project."), code="not_in_project")
    routes = tuple(parts_of(request).routes.values())
    return Standing(employer_id, rows[0][0], parts, exchange_of(request).actor, routes, project_id)
