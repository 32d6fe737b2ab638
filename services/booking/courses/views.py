"""What the API shows of courses, runs and meetings, and what it takes for them."""

from collections.abc import Sequence
from datetime import date
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.booking.courses.rules import (
    EARLIEST,
    LATEST,
    CourseKind,
    CourseWords,
    FeePayer,
    MeetingPlan,
    Mode,
    RunState,
)
from services.booking.courses.tables import Course, Meeting, Run
from services.booking.courses.terms import Terms
from shared.kernel.identity import cpv, municipality_code
from shared.web.bodies import Body, Count, Line, LongText, Reason, Version, View
from shared.web.validation import checked

Instant = Annotated[AwareDatetime, Field(ge=EARLIEST, lt=LATEST)]
Day = Annotated[date, Field(ge=EARLIEST.date(), lt=LATEST.date())]
LanguageCode = Annotated[str, Field(pattern=r"^[a-z]{2}$", description="ISO 639-1")]
Municipality = Annotated[str, Field(max_length=20, description="Four digits, as 2080"), checked(municipality_code)]
Cpv = Annotated[str, Field(max_length=20, description="As 80511000-9"), checked(cpv)]
Link = Annotated[str, Field(max_length=500, pattern=r"^https://[^\s]+$", description="Shown to those with a seat")]


class CourseView(View):
    """A course."""

    course_id: UUID
    project_id: UUID
    title: str
    description: str
    area: str | None
    language: str
    cpv: str | None
    kind: CourseKind
    version: int = 1

    @classmethod
    def of(cls, course: Course) -> "CourseView":
        """Return the view of a row."""
        fields = {name: getattr(course, name) for name in cls.model_fields if name != "course_id"}
        return cls.model_validate({"course_id": course.id, **fields})


class ChangeCourse(Body):
    """What the course shall be called and said to be, all of it, and why it is changed. Without `area` it has none."""

    title: Line
    description: LongText
    language: LanguageCode
    area: Line | None = None
    reason: Reason
    version: Version

    def words(self) -> CourseWords:
        """Return it as the rules see it."""
        return CourseWords(self.title, self.description, self.area, self.language)


class MeetingBody(Body):
    """A meeting as it is wished; with the `meeting_id` of one that the run has, that one is changed.

    A link that is left out stays as it is, for the run is shown without it.
    """

    starts_at: Instant
    ends_at: Instant
    mode: Mode
    place: Line | None = None
    digital_link: Link | None = None
    meeting_id: UUID | None = None

    def plan(self) -> MeetingPlan:
        """Return it as the rules see it."""
        return MeetingPlan(
            starts_at=self.starts_at,
            ends_at=self.ends_at,
            mode=self.mode,
            place=self.place,
            digital_link=self.digital_link,
            meeting_id=self.meeting_id,
            keeps_link="digital_link" not in self.model_fields_set,
        )


class MeetingView(View):
    """A meeting. The digital link is shown to those with a seat and those who hold the run."""

    meeting_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    mode: Mode
    place: str | None
    digital_link: str | None = None

    @classmethod
    def of(cls, meeting: Meeting, *, with_link: bool) -> "MeetingView":
        """Return the view of a row."""
        return cls(
            meeting_id=meeting.id,
            starts_at=meeting.starts_at,
            ends_at=meeting.ends_at,
            mode=Mode(meeting.mode),
            place=meeting.place,
            digital_link=meeting.digital_link if with_link else None,
        )


class TermsBody(Body):
    """How many seats must be booked by which day for a run to be held, and when bookings are taken."""

    minimum: Count | None = Field(default=None, description="Seats that must be booked; given with `decide_on`")
    decide_on: Day | None = Field(default=None, description="When it is decided whether a run below it is held")
    registration_opens: Instant | None = Field(default=None, description="Left out: as soon as it is scheduled")
    registration_closes: Instant | None = Field(default=None, description="Left out: when the run begins")

    def terms(self) -> Terms:
        """Return them as the rules see them."""
        return Terms(self.minimum, self.decide_on, self.registration_opens, self.registration_closes)


class ChangeTerms(TermsBody):
    """All terms of a run as they shall be: what is left out holds no more."""

    reason: Reason
    version: Version | None = Field(default=None, description="The version that was seen; refused where it has passed")


class RunView(View):
    """A run, with how many open seats are free just now, how many are kept for employers, and how many groups wait."""

    run_id: UUID
    reference: str
    project_id: UUID
    course_id: UUID
    course_title: str
    course_kind: CourseKind
    area: str | None = None
    language: str
    state: RunState
    mode: Mode
    municipality: str | None
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    capacity: int
    free_seats: int
    kept_seats: int
    taken_seats: int
    waiting: int
    employer_cap: int | None
    undertaking_cap: int | None = None
    minimum: int | None = None
    decide_on: date | None = None
    upheld_at: AwareDatetime | None = None
    registration_opens: AwareDatetime | None = None
    registration_closes: AwareDatetime | None = None
    price_ore: int | None
    currency: str
    fee_payer: FeePayer | None
    cancelled_because: str | None
    sequence: int
    version: int
    meetings: list[MeetingView]


def run_fields(run: Run, course: Course, meetings: Sequence[Meeting], *, with_link: bool) -> dict[str, object]:
    """Return the fields of a `RunView` that runs and courses know; those of the seats are the pools'."""
    return {
        "run_id": run.id,
        **{name: getattr(run, name) for name in RunView.model_fields if hasattr(run, name)},
        "course_title": course.title,
        "course_kind": course.kind,
        "area": course.area,
        "language": course.language,
        "meetings": [MeetingView.of(meeting, with_link=with_link) for meeting in meetings],
    }
