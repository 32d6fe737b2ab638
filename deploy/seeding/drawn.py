"""What is drawn for a project, as plain values. Employers, people and courses are meant by their place in a list."""

from dataclasses import dataclass
from datetime import date, datetime
from fractions import Fraction

from services.booking.courses.rules import RunPlan
from services.booking.employers.rules import EmployerDetails, Statement
from services.booking.needs.rules import NeedDetails, SurveyDetails
from services.booking.people.rules import PersonDetails
from services.booking.requests.rules import RequestWish


@dataclass(frozen=True, slots=True)
class Wanted:
    """How many of each there shall be more."""

    employers: int
    persons: int
    runs: int


@dataclass(frozen=True, slots=True)
class Days:
    """The first day on which something happens, and now; `last` is the last day of the project."""

    first: date
    now: datetime
    last: date


@dataclass(frozen=True, slots=True)
class DrawnEmployer:
    """A new employer, with when it registers."""

    details: EmployerDetails
    statement: Statement
    at: datetime


@dataclass(frozen=True, slots=True)
class DrawnPerson:
    """A person, who works at the `employer`; its first person is its contact too."""

    employer: int
    details: PersonDetails
    is_contact: bool


@dataclass(frozen=True, slots=True)
class DrawnWishes:
    """What the employer of a `contact` needs, and asks for, with when each is written."""

    contact: int
    survey: SurveyDetails | None
    needs: tuple[NeedDetails, ...]
    surveyed_at: datetime
    request: RequestWish | None
    requested_at: datetime


@dataclass(frozen=True, slots=True)
class Group:
    """People of one employer that are booked; one that waits has no names yet, but so many `seats`."""

    employer: int
    contact: int
    people: tuple[int, ...]
    seats: int
    at: datetime


@dataclass(frozen=True, slots=True)
class Attended:
    """How much of a meeting a person was at, and whether she signs for it."""

    person: int
    share: Fraction
    signs: bool


@dataclass(frozen=True, slots=True)
class DrawnRun:
    """A run with all that happens to it; `attended` has the people of each meeting that is over."""

    course: int
    plan: RunPlan
    booked: tuple[Group, ...]
    waiting: tuple[Group, ...]
    attended: tuple[tuple[Attended, ...], ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """All of it. Those employers that take part already have the first places, before the new `employers`."""

    members: int
    employers: tuple[DrawnEmployer, ...]
    persons: tuple[DrawnPerson, ...]
    wishes: tuple[DrawnWishes, ...]
    courses: tuple[tuple[str, str], ...]
    runs: tuple[DrawnRun, ...]
