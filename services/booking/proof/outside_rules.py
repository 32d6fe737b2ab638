"""Courses that are taken outside of the project: what may be entered, what is evidence, and which of them count."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Final
from uuid import UUID

from services.booking.attendance.rules import HOUR_MINUTES
from services.booking.projects.rules import HourRounding
from shared.kernel.errors import InvalidInput, Refused
from shared.kernel.states import Moves
from shared.kernel.texts import N_

MOST_HOURS: Final = 2_000
LARGEST_EVIDENCE: Final = 4 * 1024 * 1024


class OutsideState(StrEnum):
    """Whether an outside course counts: only once it is accepted."""

    ENTERED = "entered"
    ACCEPTED = "accepted"
    DECLINED = "declined"


OUTSIDE_COURSE: Final = Moves(
    "outside_course",
    {
        OutsideState.ENTERED: {OutsideState.ACCEPTED, OutsideState.DECLINED},
        OutsideState.ACCEPTED: {OutsideState.DECLINED},
        OutsideState.DECLINED: set(),
    },
)


class ProviderKind(StrEnum):
    """Who gives a course."""

    UNIVERSITY = "university"
    VOCATIONAL = "vocational"
    ADULT = "adult"
    OTHER = "other"


class EvidenceType(StrEnum):
    """The files that are taken as evidence."""

    PDF = "application/pdf"
    PNG = "image/png"
    JPEG = "image/jpeg"


ENDINGS: Final[Mapping[EvidenceType, str]] = {
    EvidenceType.PDF: "pdf",
    EvidenceType.PNG: "png",
    EvidenceType.JPEG: "jpg",
}
_BEGINS: Final[Mapping[bytes, EvidenceType]] = {
    b"%PDF-": EvidenceType.PDF,
    b"\x89PNG\r\n\x1a\n": EvidenceType.PNG,
    b"\xff\xd8\xff": EvidenceType.JPEG,
}


@dataclass(frozen=True, slots=True)
class OutsideDetails:
    """A course as it is entered; `need_id` is the need that it meets, where there is one."""

    title: str
    provider: str
    provider_kind: ProviderKind
    starts_on: date
    ends_on: date
    minutes: int
    need_id: UUID | None = None


def evidence_type(content: bytes) -> EvidenceType:
    """Return what a file is, by its beginning and not by what it is called; raises InvalidInput for any other."""
    if not content:
        raise InvalidInput(
            N_("Attach the evidence: a certificate or a transcript."), code="evidence_missing", field="evidence"
        )
    if len(content) > LARGEST_EVIDENCE:
        raise InvalidInput(
            N_("The file is larger than {most} MB. Attach a smaller one."),
            code="evidence_too_large",
            field="evidence",
            most=LARGEST_EVIDENCE // 1024 // 1024,
        )
    for begins, kind in _BEGINS.items():
        if content.startswith(begins):
            return kind
    raise InvalidInput(
        N_("The file is neither a PDF nor a picture (PNG or JPEG)."), code="evidence_of_another_type", field="evidence"
    )


def check_period(
    details: OutsideDetails, *, today: date, project_starts_on: date, project_ends_on: date | None
) -> None:
    """Raise InvalidInput for a course that has not ended, or was not given while the project lasts."""
    if details.ends_on < details.starts_on:
        raise InvalidInput(
            N_("The course cannot end before it begins, {starts}."),
            code="period_backwards",
            field="ends_on",
            starts=details.starts_on,
        )
    if details.ends_on > today:
        raise InvalidInput(
            N_("The course must have ended: {day} is still to come."),
            code="day_to_come",
            field="ends_on",
            day=details.ends_on,
        )
    if details.ends_on < project_starts_on:
        raise InvalidInput(
            N_("The course ended before the project began, {day}."),
            code="before_the_project",
            field="ends_on",
            day=project_starts_on,
        )
    if project_ends_on is not None and details.starts_on > project_ends_on:
        raise InvalidInput(
            N_("The course began after the project ended, {day}."),
            code="after_the_project",
            field="starts_on",
            day=project_ends_on,
        )


def check_decider(entered_by: UUID, by: UUID) -> None:
    """Raise Refused where somebody would decide on what she has entered herself."""
    if entered_by == by:
        raise Refused(
            N_("You entered this course yourself. Somebody else in the project decides whether it counts."),
            code="own_entry",
        )


def counted_minutes(minutes: int, rounding: HourRounding) -> int:
    """Return the minutes of an outside course that count: an activity of its own, with whole hours rounded down."""
    return minutes if rounding is HourRounding.EXACT else minutes // HOUR_MINUTES * HOUR_MINUTES
