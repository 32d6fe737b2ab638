"""Changing a project's settings, and what follows for its runs: reminders that are still to come are planned anew."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.courses.rules import RunState, reminder_at
from services.booking.courses.tables import Meeting, Run
from services.booking.projects import changing
from services.booking.projects.changing import OwnSettings
from services.booking.projects.tables import Project
from shared.kernel.clock import Clock


async def change_settings(
    session: AsyncSession,
    clock: Clock,
    project_id: UUID,
    settings: OwnSettings,
    *,
    version: int,
    reason: str,
    by: UUID,
) -> Project:
    """Change the project's settings. A reminder whose new time has passed already comes at the time it had."""
    project = await changing.change_settings(
        session, clock, project_id, settings, version=version, reason=reason, by=by
    )
    now = clock.now()
    waiting = await session.exec(
        select(Meeting)
        .join(Run, col(Run.id) == col(Meeting.run_id))
        .where(
            col(Run.project_id) == project_id,
            col(Run.state) == RunState.SCHEDULED.value,
            col(Meeting.next_check_at) > now,
        )
        .order_by(col(Meeting.id))
        .with_for_update(of=Meeting)
    )
    for meeting in waiting.all():
        meeting.next_check_at = reminder_at(meeting.starts_at, project.reminder_days, now) or meeting.next_check_at
        session.add(meeting)
    return project
