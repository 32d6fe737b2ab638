"""What a certificate attests, over plain values: when it can be issued, what it says, and the code to check it by.

What is attested is kept with the certificate: other minutes make another certificate, never the same one otherwise.
"""

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict

from services.booking.attendance.rules import Attended, length_of, reported_minutes
from services.booking.projects.rules import HourRounding
from shared.kernel.calendar import at_stockholm, legal_day
from shared.kernel.states import Moves

_DAYS_PAST_ANY_MONTH: Final = 32
LINK_LIFE: Final = timedelta(days=120)
# A seat that is given up after the course may leave everything signed for, and tells nobody here of it.
ASKED_AGAIN_AFTER: Final = timedelta(days=1)
ASKED_AGAIN_FOR: Final = timedelta(days=60)

# No vowels and nothing that reads as something else, so that a code can be read aloud: 27^20 of them, 95 bits.
_READABLE: Final = "23456789BCDFGHJKMNPQRSTVWXZ"
_GROUPS: Final = 5
_GROUP: Final = 4
CODE_LENGTH: Final = _GROUPS * _GROUP
CODE_PATTERN: Final = f"^[{_READABLE}]{{{CODE_LENGTH}}}$"


class CertificateKind(StrEnum):
    """What a certificate is of: a whole course, or a month's hours in a project."""

    COURSE = "course"
    MONTH = "month"


class CertificateState(StrEnum):
    """Whether a certificate still says what is so. REVOKED has nothing in its place, at least not yet."""

    VALID = "valid"
    REVOKED = "revoked"
    REPLACED = "replaced"


CERTIFICATE: Final = Moves(
    "certificate",
    {
        CertificateState.VALID: {CertificateState.REVOKED, CertificateState.REPLACED},
        CertificateState.REVOKED: {CertificateState.REPLACED},
        CertificateState.REPLACED: set(),
    },
)


class Lacking(StrEnum):
    """Why there is no certificate yet."""

    NOT_OVER = "not_over"
    NOT_MARKED = "not_marked"
    NOT_SIGNED = "not_signed"
    NOT_ATTENDED = "not_attended"


@dataclass(frozen=True, slots=True)
class Sitting:
    """A meeting that somebody has a seat on or is marked at; `minutes` is none where she is not marked yet."""

    meeting_id: UUID
    run_id: UUID
    course_title: str
    run_reference: str
    starts_at: datetime
    ends_at: datetime
    minutes: int | None
    is_signed: bool

    @property
    def month(self) -> date:
        """The first day of the month that its time belongs to, in Sweden."""
        return month_of(self.starts_at)


class AttestedMeeting(BaseModel):
    """A meeting as a certificate has it."""

    model_config = ConfigDict(frozen=True)

    course_title: str
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    minutes: int


class Attested(BaseModel):
    """What a certificate says; it names nobody, and stays as it was when it was issued."""

    model_config = ConfigDict(frozen=True)

    title: str
    run_reference: str | None
    project_name: str
    owner_name: str
    programme_name: str | None
    funders: tuple[str, ...]
    rounding: HourRounding
    minutes: int
    counted_minutes: int
    meetings: tuple[AttestedMeeting, ...]

    @property
    def first_on(self) -> date:
        """The day of the first meeting, in Sweden."""
        return legal_day(min(each.starts_at for each in self.meetings))

    @property
    def last_on(self) -> date:
        """The day of the last meeting, in Sweden."""
        return legal_day(max(each.ends_at for each in self.meetings))

    @property
    def length(self) -> int:
        """The whole minutes of the meetings that were attended, wholly or in part."""
        return sum(length_of(each.starts_at, each.ends_at) for each in self.meetings)

    def says_the_same_time(self, other: "Attested") -> bool:
        """Whether both attest the same time; a name that is written otherwise by now makes no other certificate."""
        return (self.counted_minutes, _times(self.meetings)) == (other.counted_minutes, _times(other.meetings))


def _times(meetings: Sequence[AttestedMeeting]) -> list[tuple[datetime, datetime, int]]:
    return sorted((each.starts_at, each.ends_at, each.minutes) for each in meetings)


@dataclass(frozen=True, slots=True)
class Undertaking:
    """The project as a certificate names it, of its own data alone."""

    name: str
    owner_name: str
    programme_name: str | None
    funders: tuple[str, ...]
    rounding: HourRounding


def month_of(instant: datetime) -> date:
    """Return the first day of the month in Sweden."""
    return legal_day(instant).replace(day=1)


def month_over_at(month: date) -> datetime:
    """Return when a month, by its first day, is over in Sweden."""
    following = (month.replace(day=1) + timedelta(days=_DAYS_PAST_ANY_MONTH)).replace(day=1)
    return at_stockholm(following, time(0))


def lacking(sittings: Sequence[Sitting], over_at: datetime, now: datetime) -> Lacking | None:
    """Return why the time cannot be attested yet, or none where it can."""
    if now < over_at:
        return Lacking.NOT_OVER
    if any(each.minutes is None for each in sittings):
        return Lacking.NOT_MARKED
    if not any(each.minutes for each in sittings):
        return Lacking.NOT_ATTENDED
    if any(each.minutes and not each.is_signed for each in sittings):
        return Lacking.NOT_SIGNED
    return None


def attest(
    sittings: Sequence[Sitting], undertaking: Undertaking, person_id: UUID, *, title: str, run_reference: str | None
) -> Attested:
    """Return what is attested of meetings that lack nothing: those that were attended, in order, and their hours."""
    attended = sorted((each for each in sittings if each.minutes), key=lambda each: (each.starts_at, each.meeting_id))
    counted = reported_minutes(
        [Attended(person_id, each.meeting_id, each.run_id, each.month, each.minutes or 0) for each in attended],
        undertaking.rounding,
    )
    return Attested(
        title=title,
        run_reference=run_reference,
        project_name=undertaking.name,
        owner_name=undertaking.owner_name,
        programme_name=undertaking.programme_name,
        funders=undertaking.funders,
        rounding=undertaking.rounding,
        minutes=sum(each.minutes or 0 for each in attended),
        counted_minutes=counted,
        meetings=tuple(
            AttestedMeeting(
                course_title=each.course_title,
                starts_at=each.starts_at,
                ends_at=each.ends_at,
                minutes=each.minutes or 0,
            )
            for each in attended
        ),
    )


def new_code() -> str:
    """Return a code that nobody can guess."""
    return "".join(secrets.choice(_READABLE) for _ in range(CODE_LENGTH))


def in_groups(code: str) -> str:
    """Return a code as people read it: `7K3M-9XBC-…`."""
    return "-".join(code[at : at + _GROUP] for at in range(0, CODE_LENGTH, _GROUP))


def read_code(typed: str) -> str | None:
    """Return the code that was typed, in groups or not, in small letters or large; None where it cannot be one."""
    code = re.sub(r"[\s-]", "", typed).upper()
    return code if re.fullmatch(CODE_PATTERN, code) else None


def is_same_name(typed: str, name: str) -> bool:
    """Whether somebody typed this name: capitals and spaces do not matter, accents do."""
    return _plain(typed) == _plain(name)


def _plain(name: str) -> str:
    return " ".join(name.split()).casefold()


def hours_and_minutes(minutes: int) -> str:
    """Return minutes as hours and minutes, `3:05`."""
    return f"{minutes // 60}:{minutes % 60:02d}"
