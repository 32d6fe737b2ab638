"""How an employer's facts are said to people, and what its history tells."""

import re
from collections.abc import Mapping
from typing import Final

from services.booking.employers.rules import Membership, MoneyBand
from services.booking.projects.rules import AffectedBy, EmployerKind, SizeClass
from shared.kernel.texts import N_, Text

KINDS: Final[Mapping[str, str]] = {
    EmployerKind.COMPANY: N_("Private company"),
    EmployerKind.SOLE_TRADER: N_("Sole trader"),
    EmployerKind.ASSOCIATION: N_("Association or foundation"),
    EmployerKind.PUBLIC_COMPANY: N_("Publicly owned company"),
    EmployerKind.MUNICIPALITY: N_("Municipality"),
    EmployerKind.REGION: N_("Region"),
    EmployerKind.STATE: N_("State authority"),
}
SIZES: Final[Mapping[str, str]] = {
    SizeClass.MICRO: N_("Micro: fewer than 10 employees"),
    SizeClass.SMALL: N_("Small: fewer than 50 employees"),
    SizeClass.MEDIUM: N_("Medium-sized: fewer than 250 employees"),
    SizeClass.LARGE: N_("Large"),
}
MEMBERSHIPS: Final[Mapping[str, str]] = {
    Membership.JOINED: N_("Takes part"),
    Membership.LEFT: N_("Has left"),
}
TURNOVER: Final[Mapping[str, str]] = {
    MoneyBand.MICRO: N_("At most 2 million euros"),
    MoneyBand.SMALL: N_("At most 10 million euros"),
    MoneyBand.MEDIUM: N_("At most 50 million euros"),
    MoneyBand.LARGE: N_("More than 50 million euros"),
}
BALANCE: Final[Mapping[str, str]] = {
    MoneyBand.MICRO: N_("At most 2 million euros"),
    MoneyBand.SMALL: N_("At most 10 million euros"),
    MoneyBand.MEDIUM: N_("At most 43 million euros"),
    MoneyBand.LARGE: N_("More than 43 million euros"),
}
AFFECTED: Final[Mapping[str, str]] = {
    AffectedBy.NOTICES: N_("Notices of redundancy"),
    AffectedBy.SHORT_TIME_WORK: N_("Short-time work"),
    AffectedBy.LOWER_DEMAND: N_("Lower demand"),
    AffectedBy.RAISED_DEMAND: N_("Raised demand"),
    AffectedBy.NEW_TECHNOLOGY: N_("New technology"),
    AffectedBy.OTHER: N_("In another way"),
}

_CHANGES: Final[Mapping[str, str]] = {
    "registered": N_("The employer was registered in {project}"),
    "joined": N_("The employer joined {project}"),
    "left": N_("The employer left {project}"),
    "target group": N_("A target group of {project} was changed"),
    "workplace added": N_("A workplace was added"),
}
_CHANGED: Final = re.compile(r"changed (.+)")
_PARTS: Final[Mapping[str, str]] = {
    "name": N_("the name"),
    "undertaking": N_("what is stated of the undertaking"),
}
_OTHERWISE: Final = N_("Something was changed")


def change_text(change: str, project: str | None) -> Text:
    """Return what a row of an employer's history says."""
    if (changed := _CHANGED.fullmatch(change)) is not None:
        parts = tuple(_PARTS.get(part, part) for part in changed[1].split(", "))
        return Text(N_("Changed: {what}"), {"what": parts})
    message = _CHANGES.get(change, _OTHERWISE)
    return Text(message, {"project": Named(project or "")} if "{project}" in message else {})


class Named:
    """A name that stays as it is in every language, however long."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __str__(self) -> str:
        return self._name
