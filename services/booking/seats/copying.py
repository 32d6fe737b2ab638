"""Scheduling runs like one that there is, on other days: all of them or none."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.commands import lock_run
from services.booking.courses.queries import get_course, materials_of, meetings_of, plan_of_run
from services.booking.courses.repeating import Series, check_series, copied
from services.booking.courses.rules import RunPlan
from services.booking.courses.tables import Run, RunMaterial
from services.booking.seats.commands import schedule_run_with_pools
from shared.kernel.clock import Clock


async def copy_run(
    session: AsyncSession, clock: Clock, run_id: UUID, series: Series, *, by: UUID | None = None
) -> list[Run]:
    """Schedule copies of a run, whatever became of it, and return them; nobody who is booked or waits comes along.

    Course material does; trainers are named for each anew, and seats that are kept for employers are open in a copy.
    Raises as `schedule_run_with_pools`, and InvalidInput for a first day that has passed.
    """
    run = await lock_run(session, run_id, shared=True)
    check_series(series, clock.now())
    course = await get_course(session, run.course_id)
    copies = [
        await schedule_run_with_pools(session, clock, course=course, plan=plan, by=by)
        for plan in await plans_of(session, run, series, clock.now())
    ]
    materials = await materials_of(session, run_id)
    session.add_all(
        RunMaterial(run_id=copy.id, position=each.position, title=each.title, address=each.address)
        for copy in copies
        for each in materials
    )
    await session.flush()
    return copies


async def plans_of(session: AsyncSession, run: Run, series: Series, now: datetime) -> list[RunPlan]:
    """Return the plan of each copy."""
    plan = plan_of_run(run, await meetings_of(session, run.id))
    return [copied(plan, day, now) for day in series.first_days()]
