"""What the API shows of attendance and takes for it."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, Field

from services.booking.attendance.queries import AttendanceRow, SheetRow
from services.booking.attendance.rules import MOST_MINUTES, Standing, length_of, standing_of
from services.booking.attendance.tables import Attendance, AttendanceHistory, Signature
from services.booking.courses.tables import Meeting
from services.booking.projects.rules import SigningWay
from shared.web.bodies import Body, Paragraph, Reason, View

Minutes = Annotated[int, Field(ge=0, le=MOST_MINUTES, description="Whole minutes attended; 0 for a no-show")]
FourDigits = Annotated[str, Field(pattern=r"^[0-9]{4}$", description="The code that the participant was sent")]
DoorCode = Annotated[str, Field(max_length=12, pattern=r"^ *[0-9]{3} ?[0-9]{3} *$", description="The code of the room")]


class MarkBody(Body):
    """So many minutes of somebody."""

    person_id: UUID
    minutes: Minutes


class MarkMeeting(Body):
    """Who was there and for how long. Whoever is left out stays as she was."""

    marks: list[MarkBody] = Field(min_length=1, max_length=1000)


class CorrectAttendance(Body):
    """Other minutes, and why; a signature of the earlier ones counts no more."""

    minutes: Minutes
    reason: Reason


class SignAttendance(Body):
    """The minutes that the participant saw and signs for."""

    minutes: Minutes


class NoteSignature(Body):
    """A signature on paper or by e-mail, for these minutes; what it is and where it is kept."""

    way: SigningWay
    minutes: Minutes
    evidence: Paragraph


class TypedCode(Body):
    """A code of four digits."""

    code: FourDigits


class Arrival(Body):
    """The code that is shown in the room."""

    code: DoorCode


class AttendanceView(View):
    """Somebody's attendance of a meeting; without an id where nothing is marked yet."""

    attendance_id: UUID | None
    run_id: UUID
    meeting_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    course_title: str
    person_id: UUID
    name: str | None
    employer_name: str
    minutes: int | None
    meeting_minutes: int
    standing: Standing
    asked: str | None
    signed_at: AwareDatetime | None
    way: SigningWay | None


class MarkedView(View):
    """How many were marked otherwise than before."""

    changed: int


class SheetEntry(View):
    """Somebody on the sheet of a meeting."""

    person_id: UUID
    name: str | None
    employer_name: str
    attendance_id: UUID | None
    minutes: int | None
    standing: Standing
    signed_at: AwareDatetime | None


class SheetView(View):
    """A meeting, and everybody who is to be marked."""

    meeting_id: UUID
    run_id: UUID
    starts_at: AwareDatetime
    ends_at: AwareDatetime
    meeting_minutes: int
    people: list[SheetEntry]


class SignatureView(View):
    """A signature; one with `replaced_at` was of minutes that were corrected."""

    minutes: int
    way: SigningWay
    at: AwareDatetime
    noted_by: UUID | None
    evidence: str | None
    replaced_at: AwareDatetime | None


class AttendanceEvent(View):
    """What happened to an attendance."""

    at: AwareDatetime
    actor_id: UUID | None
    change: str
    before: str | None
    after: str | None
    reason: str | None


class WholeAttendance(AttendanceView):
    """An attendance with its signatures and history."""

    signatures: list[SignatureView]
    history: list[AttendanceEvent]


class ShortAttendance(View):
    """What a change of an attendance answers."""

    attendance_id: UUID
    minutes: int
    signed_at: AwareDatetime | None

    @classmethod
    def of(cls, row: Attendance) -> "ShortAttendance":
        """Return the view of a row."""
        return cls(attendance_id=row.id, minutes=row.minutes, signed_at=row.signed_at)


class CodeSent(View):
    """A code is on its way to the participant; until when it works."""

    expires_at: AwareDatetime


class NoShowsView(View):
    """How many did not come, of so many who are marked at meetings, and how many seats were given back late."""

    no_shows: int
    marked: int
    late_seats: int


class TriedView(View):
    """Whether the code was right, and how many tries are left of it."""

    signed: bool
    tries_left: int


def row_fields(row: AttendanceRow) -> dict[str, object]:
    """Return the fields of an `AttendanceView`."""
    known = row.attendance
    return {
        "attendance_id": None if known is None else known.id,
        "run_id": row.meeting.run_id,
        "meeting_id": row.meeting.id,
        "starts_at": row.meeting.starts_at,
        "ends_at": row.meeting.ends_at,
        "course_title": row.course_title,
        "person_id": row.person_id,
        "name": row.name,
        "employer_name": row.employer_name,
        "minutes": row.minutes,
        "meeting_minutes": row.length,
        "standing": row.standing,
        "asked": None if known is None else known.asked,
        "signed_at": None if known is None else known.signed_at,
        "way": row.way,
    }


def row_view(row: AttendanceRow) -> AttendanceView:
    """Return the view of a row."""
    return AttendanceView.model_validate(row_fields(row))


def whole_view(
    row: AttendanceRow, signatures: Sequence[Signature], history: Sequence[AttendanceHistory]
) -> WholeAttendance:
    """Return the view of a row with its signatures and history."""
    return WholeAttendance.model_validate(
        {
            **row_fields(row),
            "signatures": [SignatureView.model_validate(each) for each in signatures],
            "history": [AttendanceEvent.model_validate(each) for each in history],
        }
    )


def sheet_view(meeting: Meeting, rows: Sequence[SheetRow]) -> SheetView:
    """Return the view of a meeting's sheet."""
    length = length_of(meeting.starts_at, meeting.ends_at)
    return SheetView(
        meeting_id=meeting.id,
        run_id=meeting.run_id,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        meeting_minutes=length,
        people=[
            SheetEntry(
                person_id=row.person_id,
                name=row.name,
                employer_name=row.employer_name,
                attendance_id=row.attendance.id if row.attendance else None,
                minutes=row.attendance.minutes if row.attendance else None,
                standing=standing_of(row.attendance.minutes if row.attendance else None, length),
                signed_at=row.attendance.signed_at if row.attendance else None,
            )
            for row in rows
        ],
    )
