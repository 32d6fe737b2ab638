"""Who asks, what she may act as, and whose an object is: plain values, decided on without a request or a row."""

from dataclasses import dataclass
from uuid import UUID

from shared.kernel.roles import Role


@dataclass(frozen=True, slots=True)
class Subject:
    """Who a token says is asking: the issuer's alias here, and the name that it gave the person."""

    issuer: str
    sub: str


@dataclass(frozen=True, slots=True)
class Scope:
    """Whose an object is. A set that is None says nothing; an empty one says that it is nobody's of that kind.

    `trainers`: of those who hold the role of trainer only these reach it; others are as if the grant did not cover it.
    """

    projects: frozenset[UUID] | None = None
    employers: frozenset[UUID] | None = None
    buyers: frozenset[UUID] | None = None
    suppliers: frozenset[UUID] | None = None
    persons: frozenset[UUID] | None = None
    trainers: frozenset[UUID] | None = None

    def within(self, other: "Scope") -> "Scope":
        """Return the scope of a path that names both objects: what each says must hold."""
        return Scope(
            _both(self.projects, other.projects),
            _both(self.employers, other.employers),
            _both(self.buyers, other.buyers),
            _both(self.suppliers, other.suppliers),
            _both(self.persons, other.persons),
            _both(self.trainers, other.trainers),
        )

    def lets_in(self, person_id: UUID, role: Role) -> bool:
        """Whether a grant of the role that covers this opens it to the person."""
        return role is not Role.TRAINER or self.trainers is None or person_id in self.trainers


def _both(one: frozenset[UUID] | None, other: frozenset[UUID] | None) -> frozenset[UUID] | None:
    if one is None or other is None:
        return other if one is None else one
    return one & other


@dataclass(frozen=True, slots=True)
class Grant:
    """A role held for one project, employer, buyer or supplier; with no id at all it is held everywhere."""

    role: Role
    project_id: UUID | None = None
    employer_id: UUID | None = None
    buyer_id: UUID | None = None
    supplier_id: UUID | None = None

    def covers(self, scope: Scope) -> bool:
        """Whether every id that the grant is held for is one of the scope's."""
        pairs = (
            (self.project_id, scope.projects),
            (self.employer_id, scope.employers),
            (self.buyer_id, scope.buyers),
            (self.supplier_id, scope.suppliers),
        )
        return all(held is None or (owners is not None and held in owners) for held, owners in pairs)


@dataclass(frozen=True, slots=True)
class Actor:
    """The person who asks, and what she may do."""

    person_id: UUID
    grants: tuple[Grant, ...] = ()

    def grants_of(self, *roles: Role) -> tuple[Grant, ...]:
        """Return the grants of these roles; a list shows what they reach."""
        return tuple(grant for grant in self.grants if grant.role in roles)

    def holds(self, *roles: Role) -> bool:
        """Whether the person has one of the roles, for whatever it is."""
        return any(grant.role in roles for grant in self.grants)

    def reaches(self, scope: Scope, *roles: Role) -> bool:
        """Whether one of the person's grants of these roles opens what has the scope to her."""
        return any(
            grant.covers(scope) and scope.lets_in(self.person_id, grant.role) for grant in self.grants_of(*roles)
        )
