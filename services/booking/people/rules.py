"""What a person can be and who may act for whom: identity numbers, roles with what they are held for, and their giving.

Whoever invites somebody to an account could use it herself, so inviting asks the same as giving every role held.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Final

from shared.kernel.errors import InvalidInput
from shared.kernel.grants import Grant, Scope
from shared.kernel.identity import personal_number
from shared.kernel.roles import Role
from shared.kernel.texts import N_

INVITATION_LIFE: Final = timedelta(days=14)
_COORDINATION_DAY = 60
# the ninth of ten digits is odd for men; here with the century before them
_GENDER_DIGIT = 10
_SUBSTITUTE = re.compile(r"\d{8}-?\d{4}")


class NumberKind(StrEnum):
    """What a person's identity number is. A substitute code of Statistics Sweden fails the check digit on purpose."""

    NONE = "none"
    PERSONAL = "personal"
    COORDINATION = "coordination"
    SUBSTITUTE = "substitute"


class Gender(StrEnum):
    """What an identity number says of gender, as Statistics Sweden is told it. Of others nothing is known."""

    WOMAN = "woman"
    MAN = "man"


class EntryStatus(StrEnum):
    """A participant's place in working life on the day of entry, as the fund asks."""

    EMPLOYED = "employed"
    UNEMPLOYED = "unemployed"
    LONG_TERM_UNEMPLOYED = "long_term_unemployed"
    INACTIVE = "inactive"
    UNKNOWN = "unknown"


class Education(StrEnum):
    """Highest education on the day of entry, by ISCED."""

    ISCED_0_2 = "isced_0_2"
    ISCED_3_4 = "isced_3_4"
    ISCED_5_8 = "isced_5_8"
    UNKNOWN = "unknown"


class BoundBy(StrEnum):
    """How a sign-in became somebody's."""

    REGISTRATION = "registration"
    INVITATION = "invitation"
    LOADING = "loading"


@dataclass(frozen=True, slots=True)
class IdentityNumber:
    """An identity number in normal form."""

    kind: NumberKind
    digits: str


@dataclass(frozen=True, slots=True)
class Coarse:
    """What figures are divided by: kept beside the sealed number, so that no number is opened to count."""

    gender: Gender | None = None
    birth_year: int | None = None


def coarse_of(number: IdentityNumber | None) -> Coarse:
    """Return what a number says of gender and year of birth; a substitute code says nothing."""
    if number is None or number.kind not in (NumberKind.PERSONAL, NumberKind.COORDINATION):
        return Coarse()
    is_man = int(number.digits[_GENDER_DIGIT]) % 2 == 1
    return Coarse(Gender.MAN if is_man else Gender.WOMAN, int(number.digits[:4]))


@dataclass(frozen=True, slots=True)
class PersonDetails:
    """What is known of a person. Phone in E.164."""

    given_name: str
    family_name: str
    email: str | None = None
    phone: str | None = None
    language: str = "sv"
    protected: bool = False
    number: IdentityNumber | None = None


def identity_number(text: str, *, substitute: bool = False, field: str = "personal_number") -> IdentityNumber:
    """Return what kind of number it is and its twelve digits; raises InvalidInput.

    A substitute code is taken as it is: its check digit is wrong by design, so it must be said that it is one.
    """
    if substitute:
        compact = re.sub(r"\s", "", text)
        if not _SUBSTITUTE.fullmatch(compact):
            raise InvalidInput(
                N_("A substitute code has twelve digits. Write it as YYYYMMDD-NNNN."),
                code="substitute_code_invalid",
                field=field,
            )
        return IdentityNumber(NumberKind.SUBSTITUTE, compact.replace("-", ""))
    digits = personal_number(text, field=field)
    is_coordination = int(digits[6:8]) > _COORDINATION_DAY
    return IdentityNumber(NumberKind.COORDINATION if is_coordination else NumberKind.PERSONAL, digits)


@dataclass(frozen=True, slots=True)
class HeldFor:
    """What a role is held for: parts that must be said, and parts that may be."""

    needed: frozenset[str]
    possible: frozenset[str] = frozenset()


HELD_FOR: Final[Mapping[Role, HeldFor]] = {
    Role.CONTACT: HeldFor(frozenset({"employer_id"}), frozenset({"project_id"})),
    Role.COACH: HeldFor(frozenset({"project_id"}), frozenset({"employer_id"})),
    Role.TRAINER: HeldFor(frozenset({"project_id"})),
    Role.PARTICIPANT: HeldFor(frozenset({"project_id"}), frozenset({"employer_id"})),
    Role.PROJECT_LEAD: HeldFor(frozenset({"project_id"})),
    Role.PROCUREMENT_OFFICER: HeldFor(frozenset({"buyer_id"}), frozenset({"project_id"})),
    Role.AWARD_DELEGATE: HeldFor(frozenset({"buyer_id"}), frozenset({"project_id"})),
    Role.OPERATOR: HeldFor(frozenset()),
}
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
_LEADS_GIVE = frozenset({Role.CONTACT, Role.COACH, Role.TRAINER, Role.PARTICIPANT, Role.PROJECT_LEAD})
MAY_GIVE: Final[Mapping[Role, frozenset[Role]]] = {
    Role.OPERATOR: frozenset(HELD_FOR),
    Role.PROJECT_LEAD: _LEADS_GIVE,
    Role.CONTACT: frozenset({Role.CONTACT, Role.PARTICIPANT}),
}


def check_held_for(grant: Grant) -> None:
    """Raise InvalidInput unless the role is one of booking's and is held for what such a role is held for."""
    rule = HELD_FOR.get(grant.role)
    if rule is None:
        raise InvalidInput(
            N_("The role “{role}” is not given here."), code="role_elsewhere", field="role", role=ROLE_NAMES[grant.role]
        )
    said = {name for name in ("project_id", "employer_id", "buyer_id") if getattr(grant, name) is not None}
    for name in sorted(rule.needed - said):
        raise InvalidInput(
            N_("The role “{role}” is held for something that is missing here: {part}."),
            code="grant_incomplete",
            field=name,
            role=ROLE_NAMES[grant.role],
            part=name,
        )
    for name in sorted(said - rule.needed - rule.possible):
        raise InvalidInput(
            N_("The role “{role}” is not held for this: {part}. Leave it out."),
            code="grant_too_wide",
            field=name,
            role=ROLE_NAMES[grant.role],
            part=name,
        )


def may_give(givers: Iterable[Grant], role: Role, scope: Scope) -> bool:
    """Whether one of the giver's grants lets her give, or take back, `role` for what has the scope."""
    return any(role in MAY_GIVE.get(grant.role, frozenset()) and grant.covers(scope) for grant in givers)
