"""A project's ready-made courses and runs, as a data file gives them. Loading the same twice changes nothing."""

from typing import Annotated
from uuid import UUID

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.commands import add_course
from services.booking.courses.finding import describe_runs_of
from services.booking.courses.rules import CourseKind, CoursePlan, FeePayer, MeetingPlan, Mode, RunPlan
from services.booking.courses.tables import Course, Run
from services.booking.courses.views import Cpv, LanguageCode, Link, Municipality
from services.booking.seats.commands import schedule_run_with_pools
from services.booking.seats.views import Seats
from shared.kernel.clock import Clock
from shared.kernel.ids import stable_id
from shared.web.bodies import Count, Line, LongText, Ore

Key = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$", description="Stable: the id is made of it")]
# read from YAML or JSON, whose values are texts and lists: these alone are converted
Loose = Field(strict=False)


class _Input(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class MeetingInput(_Input):
    """A meeting in a data file."""

    starts_at: Annotated[AwareDatetime, Loose]
    ends_at: Annotated[AwareDatetime, Loose]
    mode: Annotated[Mode, Loose]
    place: Line | None = None
    digital_link: Link | None = None


class RunInput(_Input):
    """A run in a data file."""

    key: Key
    capacity: Seats
    meetings: Annotated[tuple[MeetingInput, ...], Field(strict=False, min_length=1, max_length=200)]
    municipality: Municipality | None = None
    price_ore: Ore | None = None
    fee_payer: Annotated[FeePayer | None, Loose] = None
    employer_cap: Count | None = None
    undertaking_cap: Count | None = None

    def plan(self) -> RunPlan:
        """Return it as the rules see it."""
        return RunPlan(
            capacity=self.capacity,
            meetings=tuple(
                MeetingPlan(each.starts_at, each.ends_at, each.mode, each.place, each.digital_link)
                for each in self.meetings
            ),
            municipality=self.municipality,
            price_ore=self.price_ore,
            fee_payer=self.fee_payer,
            employer_cap=self.employer_cap,
            undertaking_cap=self.undertaking_cap,
        )


class CourseInput(_Input):
    """A course in a data file."""

    key: Key
    title: Line
    description: LongText
    kind: Annotated[CourseKind, Loose] = CourseKind.OPEN
    language: LanguageCode = "sv"
    cpv: Cpv | None = None
    area: Line | None = None
    runs: Annotated[tuple[RunInput, ...], Loose] = ()


class CatalogueInput(_Input):
    """The courses of one project in a data file; `project_code` is part of every id."""

    project_id: Annotated[UUID, Loose]
    project_code: Key
    courses: Annotated[tuple[CourseInput, ...], Loose] = ()


async def load_catalogue(session: AsyncSession, clock: Clock, catalogue: CatalogueInput) -> int:
    """Add the courses and runs that are not there yet; return how many were added. Those there are left as they are."""
    added = 0
    for entry in catalogue.courses:
        course_key = f"{catalogue.project_code}/{entry.key}"
        course = await session.get(Course, stable_id("course", course_key))
        if course is None:
            plan = CoursePlan(entry.title, entry.description, entry.kind, entry.language, entry.cpv, entry.area)
            course_id = stable_id("course", course_key)
            course = await add_course(session, clock, project_id=catalogue.project_id, plan=plan, course_id=course_id)
            added += 1
        for run in entry.runs:
            run_id = stable_id("run", f"{course_key}/{run.key}")
            if await session.get(Run, run_id) is None:
                await schedule_run_with_pools(session, clock, course=course, plan=run.plan(), run_id=run_id)
                added += 1
    await describe_runs_of(session, catalogue.project_id)
    return added
