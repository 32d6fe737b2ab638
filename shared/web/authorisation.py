"""Who may do what on whose data, as values: a service's table has one `Permit` for each route, by its function's name.

Nothing here looks at a request; `gate` does that. The rule, in this order: no valid token, 401; none of the person's
roles is in the permit, 403; a role is there but none of its grants covers the object, 404, as if it did not exist.
"""

from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from shared.kernel.grants import Actor, Scope, Subject
from shared.kernel.roles import Role
from shared.kernel.texts import N_, Text

ROLE_NAMES: Final[Mapping[Role, str]] = {
    Role.CONTACT: N_("contact"),
    Role.COACH: N_("coach"),
    Role.TRAINER: N_("trainer"),
    Role.PARTICIPANT: N_("participant"),
    Role.PROJECT_LEAD: N_("project lead"),
    Role.PROCUREMENT_OFFICER: N_("procurement officer"),
    Role.AWARD_DELEGATE: N_("award delegate"),
    Role.SUPPLIER: N_("supplier"),
    Role.OPERATOR: N_("operator"),
}


@dataclass(frozen=True, slots=True)
class Permit:
    """Who may use a route.

    `own`: the person whose data it is may, whatever her roles. `label`: the route shares this one name in metrics and
    logs with others and is logged without person, method and exact status, so that traffic tells nothing.
    """

    roles: AbstractSet[Role] = frozenset()
    own: bool = field(default=False, kw_only=True)
    signed_in: bool = field(default=True, kw_only=True)
    account: bool = field(default=True, kw_only=True)
    label: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        if self.signed_in and self.account and not self.roles and not self.own:
            raise ValueError("a permit for nobody: give roles, or own=True")

    def __or__(self, other: "Permit") -> "Permit":
        """Return a permit for whoever has either: `Permit({Role.COACH}) | SELF`."""
        if not (self.signed_in and self.account and other.signed_in and other.account):
            raise ValueError("PUBLIC and SIGNED_IN stand alone")
        return Permit(self.roles | other.roles, own=self.own or other.own, label=self.label or other.label)

    def allows_role_of(self, actor: Actor) -> bool:
        """Whether one of the actor's roles, or being the person herself, could open this route."""
        return self.own or actor.holds(*self.roles)

    def allows(self, actor: Actor, scope: Scope) -> bool:
        """Whether the actor may do this to what has the scope."""
        if self.own and scope.persons is not None and actor.person_id in scope.persons:
            return True
        return actor.reaches(scope, *self.roles)

    def who(self) -> tuple[Text, ...]:
        """Return who may, in words."""
        if not self.signed_in:
            return (Text(N_("everyone")),)
        if not self.account:
            return (Text(N_("everyone signed in")),)
        own = (Text(N_("the person herself")),) if self.own else ()
        return (*(Text(ROLE_NAMES[role]) for role in Role if role in self.roles), *own)


PUBLIC: Final = Permit(signed_in=False, account=False)
SIGNED_IN: Final = Permit(account=False)
SELF: Final = Permit(own=True)

ScopeLoader = Callable[[AsyncSession, UUID], Awaitable[Scope | None]]
"""Gives the scope of the object with an id in the path; None where there is no such object."""

Permits = Mapping[str, Permit]
Scopes = Mapping[str, ScopeLoader | None]
"""By path parameter. None: the parameter names nothing of its own (a number within an object named before it)."""

FindActor = Callable[[AsyncSession, Subject], Awaitable[Actor | None]]


def describe_permits(permits: Permits) -> str:
    """Return the table for the documents, in Markdown."""
    rows = [f"| `{name}` | {', '.join(map(str, permits[name].who()))} |" for name in sorted(permits)]
    return "\n".join(["| route | who may |", "|---|---|", *rows]) + "\n"
