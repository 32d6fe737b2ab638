"""Roles with what they are held for, who may give them, and identity numbers."""

import itertools
from uuid import uuid4

import pytest

from services.booking.people.rules import (
    HELD_FOR,
    MAY_GIVE,
    NumberKind,
    check_held_for,
    identity_number,
    may_give,
)
from shared.kernel.errors import InvalidInput
from shared.kernel.grants import Grant, Scope
from shared.kernel.roles import Role

P, Q, E, B = uuid4(), uuid4(), uuid4(), uuid4()
PARTS = {"project_id": P, "employer_id": E, "buyer_id": B}


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("said", [set(c) for n in range(4) for c in itertools.combinations(sorted(PARTS), n)])
def test_a_role_is_held_for_exactly_what_such_a_role_is_held_for(role: Role, said: set[str]) -> None:
    grant = Grant(role, **{name: PARTS[name] for name in said})
    rule = HELD_FOR.get(role)
    if rule is not None and rule.needed <= said <= rule.needed | rule.possible:
        check_held_for(grant)
        return
    with pytest.raises(InvalidInput):
        check_held_for(grant)


@pytest.mark.parametrize("giver", list(Role))
@pytest.mark.parametrize("role", list(Role))
def test_a_role_is_given_by_those_who_may_within_what_they_hold_theirs_for(giver: Role, role: Role) -> None:
    scope = Scope(projects=frozenset({P}), employers=frozenset({E}), buyers=frozenset())
    may = role in MAY_GIVE.get(giver, frozenset())
    assert may_give([Grant(giver, project_id=P)], role, scope) is may
    assert may_give([Grant(giver, project_id=Q)], role, scope) is False


def test_nobody_gives_herself_the_delegates_role_by_leading_a_project() -> None:
    assert Role.AWARD_DELEGATE not in MAY_GIVE[Role.PROJECT_LEAD]
    assert Role.PROCUREMENT_OFFICER not in MAY_GIVE[Role.PROJECT_LEAD]


@pytest.mark.parametrize(
    ("text", "kind", "digits"),
    [
        ("19900602-2397", NumberKind.PERSONAL, "199006022397"),
        ("640823-3234", NumberKind.PERSONAL, "196408233234"),
        ("701063-2391", NumberKind.COORDINATION, "197010632391"),
    ],
)
def test_an_identity_number_is_personal_or_a_coordination_number(text: str, kind: NumberKind, digits: str) -> None:
    number = identity_number(text)
    assert (number.kind, number.digits) == (kind, digits)


def test_a_substitute_code_is_taken_without_a_right_check_digit_only_where_it_is_said_to_be_one() -> None:
    with pytest.raises(InvalidInput):
        identity_number("19900602-0000")
    assert identity_number("19900602-0000", substitute=True).kind is NumberKind.SUBSTITUTE
    with pytest.raises(InvalidInput):
        identity_number("990602-0000", substitute=True)
