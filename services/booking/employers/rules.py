"""How large an undertaking is, and what can be true of an employer's part in a project."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final

from services.booking.projects.rules import PUBLIC_KINDS, AffectedBy, EmployerKind, SizeClass, WorkplaceFacts
from services.booking.projects.sectors import SniVersion
from shared.kernel.states import Moves


class Membership(StrEnum):
    """An employer's part in a project."""

    JOINED = "joined"
    LEFT = "left"


MEMBERSHIP: Final = Moves("membership", {Membership.JOINED: {Membership.LEFT}, Membership.LEFT: {Membership.JOINED}})


class MoneyBand(StrEnum):
    """Yearly turnover, or balance sheet total, of the whole undertaking."""

    MICRO = "micro"
    SMALL = "small"
    MEDIUM = "medium"
    LARGE = "large"


_ORDER: Final = (SizeClass.MICRO, SizeClass.SMALL, SizeClass.MEDIUM, SizeClass.LARGE)


@dataclass(frozen=True, slots=True)
class SizeLimits:
    """From a day on: an undertaking is of a size when its staff is below, and turnover or balance not above, these."""

    valid_from: date
    source: str
    staff_below: tuple[int, int, int]
    turnover_meur: tuple[int, int, int]
    balance_meur: tuple[int, int, int]


SIZE_LIMITS: Final = (
    SizeLimits(
        date(2005, 1, 1), "Recommendation 2003/361/EC, annex, article 2", (10, 50, 250), (2, 10, 50), (2, 10, 43)
    ),
)


def limits_on(day: date) -> SizeLimits:
    """Return the limits in force on a day; the first known ones for a day before them."""
    return next((limits for limits in reversed(SIZE_LIMITS) if limits.valid_from <= day), SIZE_LIMITS[0])


@dataclass(frozen=True, slots=True)
class UndertakingFacts:
    """The single undertaking, group included: staff in annual work units, and the bands of turnover and balance."""

    employees: int
    turnover: MoneyBand
    balance: MoneyBand
    group_name: str | None = None


@dataclass(frozen=True, slots=True)
class WorkplaceDetails:
    """A workplace as it is registered; municipality, CFAR and SNI in normal form."""

    name: str
    municipality: str
    cfar: str | None = None
    sni: str | None = None
    sni_version: SniVersion | None = None

    def facts(self) -> WorkplaceFacts:
        """Return what the project's conditions ask of it."""
        return WorkplaceFacts(self.municipality, self.sni, self.sni_version)


@dataclass(frozen=True, slots=True)
class EmployerDetails:
    """An employer as it is registered; the number in normal form."""

    name: str
    organisation_number: str
    kind: EmployerKind
    undertaking: UndertakingFacts
    workplaces: tuple[WorkplaceDetails, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """How the employer says that it is affected, where the project asks."""

    affected_by: AffectedBy | None = None
    words: str | None = None


NOT_AFFECTED: Final = Statement()


def size_of(kind: EmployerKind, facts: UndertakingFacts, day: date) -> SizeClass:
    """Return the size of an undertaking: staff decides, and turnover *or* balance must keep within the same size.

    What public bodies control is never small or medium-sized (article 3.4).
    """
    if kind in PUBLIC_KINDS:
        return SizeClass.LARGE
    below = limits_on(day).staff_below
    by_staff = next((place for place, limit in enumerate(below) if facts.employees < limit), len(below))
    bands = tuple(MoneyBand)
    by_money = min(bands.index(facts.turnover), bands.index(facts.balance))
    return _ORDER[max(by_staff, by_money)]
