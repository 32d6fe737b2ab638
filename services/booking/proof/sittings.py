"""What there is to attest of somebody in a project: her meetings as marked and signed, and the project's words."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.projects.queries import get_project_row
from services.booking.projects.rules import HourRounding
from services.booking.projects.tables import FundProgramme, ProjectFunder
from services.booking.proof.rules import Sitting, Undertaking
from shared.db import rows_of

# whoever has given her seat up keeps what she is marked for; what she has a seat on is waited for while it is held
_SITTINGS: Final = """
    SELECT meeting.id, meeting.run_id, course.title, run.reference, meeting.starts_at, meeting.ends_at,
           attended.minutes, attended.signed_at IS NOT NULL
      FROM meetings AS meeting
      JOIN runs AS run ON run.id = meeting.run_id
      JOIN courses AS course ON course.id = run.course_id
      LEFT JOIN attendances AS attended ON attended.meeting_id = meeting.id AND attended.participant_id = $2
     WHERE run.project_id = $1
       AND meeting.run_id IN (SELECT run_id FROM seats WHERE participant_id = $2
                              UNION SELECT run_id FROM attendances WHERE participant_id = $2)
       AND (attended.id IS NOT NULL
            OR run.state = 'scheduled' AND EXISTS (
               SELECT 1 FROM seats
                WHERE seats.run_id = run.id AND seats.participant_id = $2 AND seats.released_at IS NULL))
     ORDER BY meeting.starts_at, meeting.id
"""


async def sittings_of(session: AsyncSession, project_id: UUID, person_id: UUID) -> Sequence[Sitting]:
    """Return the person's meetings in the project, the first first."""
    return [Sitting(*row) for row in await rows_of(session, _SITTINGS, project_id, person_id)]


async def undertaking_of(session: AsyncSession, project_id: UUID) -> Undertaking:
    """Return the project as a certificate names it: who pays is said only where the project's data say it."""
    project = await get_project_row(session, project_id)
    programme = await session.get(FundProgramme, project.programme_id)
    funders = await session.exec(
        select(ProjectFunder.name)
        .where(col(ProjectFunder.project_id) == project_id)
        .order_by(col(ProjectFunder.position))
    )
    names = tuple(funders.all())
    return Undertaking(
        project.name,
        project.owner_name,
        programme.name if programme is not None and names else None,
        names,
        HourRounding(project.hour_rounding),
    )
