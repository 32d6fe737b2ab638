"""What the API shows of runs with their seats."""

from collections.abc import Collection, Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.queries import courses_by_id, meetings_by_run
from services.booking.courses.repeating import MOST_COPIES, MOST_WEEKS_BETWEEN, Series
from services.booking.courses.rules import FeePayer, RunPlan
from services.booking.courses.tables import Run
from services.booking.courses.views import Day, MeetingBody, Municipality, RunView, TermsBody, run_fields
from services.booking.seats.queries import availability
from shared.web.bodies import Body, Count, Ore, Reason, Version, View

MOST_SEATS = 10_000
Seats = Annotated[int, Field(ge=1, le=MOST_SEATS)]


class ScheduleRun(TermsBody):
    """A run to schedule: its mode follows from its meetings. A fee is for one seat, in whole öre without VAT."""

    capacity: Seats
    meetings: list[MeetingBody] = Field(min_length=1, max_length=200)
    municipality: Municipality | None = None
    price_ore: Ore | None = None
    fee_payer: FeePayer | None = None
    employer_cap: Count | None = Field(default=None, description="The most open seats that one employer may take")
    undertaking_cap: Count | None = Field(
        default=None, description="The most open seats that the employers of one undertaking, or group, take together"
    )

    def plan(self) -> RunPlan:
        """Return it as the rules see it."""
        return RunPlan(
            capacity=self.capacity,
            meetings=tuple(meeting.plan() for meeting in self.meetings),
            municipality=self.municipality,
            price_ore=self.price_ore,
            fee_payer=self.fee_payer,
            employer_cap=self.employer_cap,
            undertaking_cap=self.undertaking_cap,
            terms=self.terms(),
        )


class ChangeCapacity(Body):
    """How many seats the run has from now on, kept ones included, and why."""

    capacity: Seats
    reason: Reason
    version: Version | None = Field(default=None, description="The version that was seen; refused where it has passed")


class CopyRun(Body):
    """When copies of a run begin: the first, and each other so many weeks after the one before."""

    first_day: Day
    count: Annotated[int, Field(ge=1, le=MOST_COPIES)] = 1
    every_weeks: Annotated[int, Field(ge=1, le=MOST_WEEKS_BETWEEN)] = 1

    def series(self) -> Series:
        """Return it as the rules see it."""
        return Series(self.first_day, self.count, self.every_weeks)


class CopiesView(View):
    """The copies of a run, the first first."""

    items: list[RunView]


async def run_views(session: AsyncSession, runs: Sequence[Run], *, with_link: Collection[UUID] = ()) -> list[RunView]:
    """Return the views of the runs; digital links only of those in `with_link`."""
    ids = [run.id for run in runs]
    courses = await courses_by_id(session, [run.course_id for run in runs])
    meetings = await meetings_by_run(session, ids)
    seats = await availability(session, ids)
    return [
        RunView.model_validate(
            {
                **run_fields(run, courses[run.course_id], meetings[run.id], with_link=run.id in with_link),
                "free_seats": seats[run.id].free,
                "kept_seats": seats[run.id].kept,
                "taken_seats": seats[run.id].taken,
                "waiting": seats[run.id].waiting,
            }
        )
        for run in runs
    ]


async def run_view(session: AsyncSession, run: Run, *, with_link: bool = False) -> RunView:
    """Return the view of one run."""
    return (await run_views(session, [run], with_link=[run.id] if with_link else ()))[0]
