"""Need surveys, training plans and needs. A plan is made with its survey; its needs are added one by one."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKeyConstraint, Index
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.booking.base import BookingTable, HistoryColumns, moment, prose, sorted_text
from services.booking.needs.rules import MetBy, PlanState, Priority, WishedMode, WishedTime, WrittenAs
from shared.kernel.ids import new_id
from shared.kernel.states import state_check


class NeedSurvey(BookingTable, table=True):
    """What was found out with an employer, of one workplace or all of it."""

    __tablename__ = "need_surveys"
    __table_args__ = (
        ForeignKeyConstraint(
            ["employer_id", "project_id"], ["employer_projects.employer_id", "employer_projects.project_id"]
        ),
        ForeignKeyConstraint(["workplace_id", "employer_id"], ["workplaces.id", "workplaces.employer_id"]),
        ForeignKeyConstraint(
            ["project_id", "questions_version"], ["project_questions.project_id", "project_questions.version"]
        ),
        CheckConstraint("(consulted IS NULL) = (consulted_on IS NULL)", name="consulted"),
        CheckConstraint("(answers IS NULL) = (questions_version IS NULL)", name="answers"),
        CheckConstraint("findings IS NOT NULL OR answers IS NOT NULL", name="findings"),
        CheckConstraint(state_check("written_as", WrittenAs), name="written_as"),
        Index("ix_need_surveys_project_id", "project_id", "made_on", "id"),
        Index("ix_need_surveys_employer_id", "employer_id", "project_id", "made_on", "id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    project_id: UUID
    employer_id: UUID
    workplace_id: UUID | None = None
    made_on: date
    took_part: str = prose()
    findings: str | None = prose(default=None)
    consulted: str | None = prose(default=None)
    consulted_on: date | None = None
    written_by: UUID = Field(foreign_key="persons.id")
    written_as: str = prose(default=WrittenAs.CONTACT.value)
    with_coach: UUID | None = Field(default=None, foreign_key="persons.id")
    written_at: datetime = moment()
    questions_version: int | None = None
    answers: dict[str, Any] | None = Field(default=None, sa_type=JSONB(none_as_null=True))


class TargetGroup(BookingTable, table=True):
    """A group of an employer's people that is to learn something, by function, and how many they are."""

    __tablename__ = "target_groups"
    __table_args__ = (
        ForeignKeyConstraint(
            ["employer_id", "project_id"], ["employer_projects.employer_id", "employer_projects.project_id"]
        ),
        CheckConstraint("persons > 0", name="persons"),
    )

    project_id: UUID = Field(primary_key=True)
    employer_id: UUID = Field(primary_key=True)
    name: str = sorted_text(primary_key=True)
    persons: int


class TrainingPlan(BookingTable, table=True):
    """What is to be done about a survey."""

    __tablename__ = "training_plans"
    __table_args__ = (
        CheckConstraint(state_check("state", PlanState), name="state"),
        CheckConstraint("(state = 'agreed') = (agreed_on IS NOT NULL)", name="agreed_on"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    survey_id: UUID = Field(foreign_key="need_surveys.id", unique=True)
    state: str = prose(default=PlanState.DRAFT.value)
    agreed_on: date | None = None
    version: int = 1


class Need(BookingTable, table=True):
    """A line of a plan. `met_with_id` is the booking or the training request that meets it.

    `met_note` says which course outside of the project meets it, or why it is set aside.
    """

    __tablename__ = "needs"
    __table_args__ = (
        CheckConstraint(state_check("met_by", MetBy), name="met_by"),
        CheckConstraint("(met_by IN ('seats', 'request')) = (met_with_id IS NOT NULL)", name="met_with"),
        CheckConstraint("(met_by IN ('outside', 'set_aside')) = (met_note IS NOT NULL)", name="met_note"),
        CheckConstraint(state_check("priority", Priority), name="priority"),
        CheckConstraint(state_check("wished_mode", WishedMode), name="wished_mode"),
        CheckConstraint(state_check("wished_time", WishedTime), name="wished_time"),
        CheckConstraint("persons > 0 AND minutes > 0", name="size"),
        CheckConstraint("wished_to >= wished_from", name="period"),
        Index("ix_needs_plan_id", "plan_id"),
        Index("ix_needs_met_with_id", "met_with_id"),
    )

    id: UUID = Field(default_factory=new_id, primary_key=True)
    plan_id: UUID = Field(foreign_key="training_plans.id")
    title: str = prose()
    description: str | None = prose(default=None)
    target_group: str = prose()
    persons: int
    minutes: int
    priority: str = prose()
    wished_from: date | None = None
    wished_to: date | None = None
    wished_mode: str = prose(default=WishedMode.ANY.value)
    wished_time: str = prose(default=WishedTime.ANY.value)
    met_by: str = prose(default=MetBy.NOTHING.value)
    met_with_id: UUID | None = None
    met_note: str | None = prose(default=None)
    offered_run_id: UUID | None = Field(
        default=None,
        foreign_key="runs.id",
        sa_column_kwargs={"comment": "on which seats are kept for it; booking them meets it"},
    )
    version: int = 1


class NeedHistory(HistoryColumns, table=True):
    """What has happened to plans and needs."""

    __tablename__ = "need_history"

    plan_id: UUID = Field(foreign_key="training_plans.id", index=True)
    need_id: UUID | None = Field(default=None, foreign_key="needs.id")
