"""Courses, their runs and meetings. `starts_at` and `ends_at` of a run repeat its meetings', for lists and filters."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Computed,
    ForeignKeyConstraint,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlmodel import Field

from services.booking.base import BookingTable, HistoryColumns, moment, prose, sorted_text
from services.booking.courses.rules import CourseKind, FeePayer, Mode, RunState
from services.booking.courses.words_index import VECTOR
from shared.kernel.ids import new_id
from shared.kernel.states import state_check


class CourseArea(BookingTable, table=True):
    """What a project calls a field of its courses; the name is the key, so that lists need not look it up."""

    __tablename__ = "course_areas"

    project_id: UUID = Field(foreign_key="projects.id", primary_key=True)
    name: str = sorted_text(primary_key=True)


class Course(BookingTable, table=True):
    """What is taught."""

    __tablename__ = "courses"
    __table_args__ = (
        CheckConstraint(state_check("kind", CourseKind), name="kind"),
        ForeignKeyConstraint(
            ["project_id", "area"], ["course_areas.project_id", "course_areas.name"], onupdate="CASCADE"
        ),
        UniqueConstraint("id", "project_id"),
        Index("ix_courses_project_id_title", "project_id", "title", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID = Field(foreign_key="projects.id")
    title: str = sorted_text()
    description: str = prose()
    area: str | None = sorted_text(default=None)
    language: str = prose()
    cpv: str | None = prose(default=None)
    kind: str = prose()
    version: int = 1
    created_at: datetime = moment()


class CourseHistory(HistoryColumns, table=True):
    """What has happened to a course."""

    __tablename__ = "course_history"

    course_id: UUID = Field(foreign_key="courses.id", index=True)


class Run(BookingTable, table=True):
    """A course at given times. The one row that a change of the run, its pools or its bookings locks first.

    `next_check_at` is when to look whether its minimum is booked; `upheld_at` when it was decided to hold it anyway.
    """

    __tablename__ = "runs"
    __table_args__ = (
        ForeignKeyConstraint(["course_id", "project_id"], ["courses.id", "courses.project_id"]),
        CheckConstraint(state_check("state", RunState), name="state"),
        CheckConstraint(state_check("mode", Mode), name="mode"),
        CheckConstraint("capacity > 0", name="capacity"),
        CheckConstraint("price_ore >= 0 AND (price_ore IS NULL) = (fee_payer IS NULL)", name="fee"),
        CheckConstraint(state_check("fee_payer", FeePayer), name="fee_payer"),
        CheckConstraint("employer_cap > 0", name="employer_cap"),
        CheckConstraint("undertaking_cap > 0", name="undertaking_cap"),
        CheckConstraint("minimum > 0 AND (minimum IS NULL) = (decide_on IS NULL)", name="minimum"),
        CheckConstraint("minimum IS NOT NULL OR (upheld_at IS NULL AND next_check_at IS NULL)", name="decision"),
        CheckConstraint("registration_opens < registration_closes", name="registration"),
        CheckConstraint("ends_at > starts_at", name="times"),
        CheckConstraint("(state = 'cancelled') = (cancelled_because IS NOT NULL)", name="cancelled_because"),
        Index("ix_runs_project_id_starts_at", "project_id", "starts_at", "id"),
        Index("ix_runs_course_id", "course_id"),
        Index("ix_runs_next_check_at", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    reference: str = prose(unique=True)
    course_id: UUID
    project_id: UUID
    state: str = prose()
    mode: str = prose()
    municipality: str | None = prose(default=None)
    capacity: int
    employer_cap: int | None = None
    undertaking_cap: int | None = None
    minimum: int | None = Field(default=None, sa_column_kwargs={"comment": "seats that must be booked by `decide_on`"})
    decide_on: date | None = None
    upheld_at: datetime | None = moment(default=None)
    registration_opens: datetime | None = moment(default=None)
    registration_closes: datetime | None = moment(default=None)
    price_ore: int | None = Field(default=None, sa_type=BigInteger)
    currency: str = prose(default="SEK")
    fee_payer: str | None = prose(default=None)
    contract_line_id: UUID | None = Field(default=None, unique=True)
    starts_at: datetime = moment()
    ends_at: datetime = moment()
    sequence: int = 0
    version: int = 1
    cancelled_because: str | None = prose(default=None)
    next_check_at: datetime | None = moment(default=None)
    created_at: datetime = moment()


class Meeting(BookingTable, table=True):
    """One scheduled block of a run. `next_check_at` is when its reminder is due; none when there is none to come."""

    __tablename__ = "meetings"
    __table_args__ = (
        CheckConstraint("ends_at > starts_at", name="times"),
        CheckConstraint(state_check("mode", Mode), name="mode"),
        Index("ix_meetings_run_id_starts_at", "run_id", "starts_at"),
        Index("ix_meetings_next_check_at", "next_check_at", postgresql_where=text("next_check_at IS NOT NULL")),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    run_id: UUID = Field(foreign_key="runs.id")
    starts_at: datetime = moment()
    ends_at: datetime = moment()
    mode: str = prose()
    place: str | None = prose(default=None)
    digital_link: str | None = prose(default=None)
    next_check_at: datetime | None = moment(default=None)


class RunWords(BookingTable, table=True):
    """By which words a run is found: its texts in small letters, and what the database makes of them.

    Written by `courses.finding`; `title` has the area too, `about` the project, `place` municipality and reference.
    """

    __tablename__ = "run_words"
    __table_args__ = (
        Index("ix_run_words_words", "words", postgresql_using="gin"),
        Index("ix_run_words_title", "title", postgresql_using="gin", postgresql_ops={"title": "gin_trgm_ops"}),
    )

    run_id: UUID = Field(foreign_key="runs.id", primary_key=True)
    title: str = prose()
    place: str = prose()
    about: str = prose()
    words: str = Field(sa_column=Column(TSVECTOR, Computed(VECTOR, persisted=True), nullable=False))


class RunTrainer(BookingTable, table=True):
    """One who holds a run. Where a run names nobody, every trainer of its project may."""

    __tablename__ = "run_trainers"
    __table_args__ = (Index("ix_run_trainers_person_id", "person_id"),)

    run_id: UUID = Field(foreign_key="runs.id", primary_key=True)
    person_id: UUID = Field(foreign_key="persons.id", primary_key=True)


class RunMaterial(BookingTable, table=True):
    """Something to read for a run, by its address: for those who have a seat and those who hold or lead it."""

    __tablename__ = "run_materials"
    __table_args__ = (CheckConstraint("address LIKE 'https://%'", name="address"),)

    run_id: UUID = Field(foreign_key="runs.id", primary_key=True)
    position: int = Field(primary_key=True)
    title: str = prose()
    address: str = prose()


class RunHistory(HistoryColumns, table=True):
    """What has happened to a run."""

    __tablename__ = "run_history"

    run_id: UUID = Field(foreign_key="runs.id", index=True)
