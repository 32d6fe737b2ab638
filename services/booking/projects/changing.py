"""What whoever leads a project may change of it: how it is presented, and its rules for seats.

All else is law, a rule of the fund or a fact of the decision, and comes from the project's file. What was changed here
holds also when the file is loaded again: see `commands.load_project`.
"""

from dataclasses import asdict, dataclass
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version, locked
from services.booking.projects.rules import Unanswered
from services.booking.projects.states import project_state
from services.booking.projects.tables import Project, ProjectHistory
from shared.kernel.clock import Clock
from shared.kernel.errors import NotFound, Refused
from shared.kernel.texts import N_
from shared.messaging.outbox import describe

_TOO_LONG_TO_TELL: Final = frozenset({"summary"})


@dataclass(frozen=True, slots=True)
class OwnSettings:
    """The settings as they shall be, by the names of their columns; their bounds are those of the project's file."""

    summary: str
    free_cancellation_days: int
    reminder_days: int
    offer_hours: int
    queue_passes: int
    signing_ways: list[str]
    signing_days: int
    name_by_days: int | None = None
    substitution_lock_days: int | None = None
    booking_approval: str = "none"
    confirmation_days: int | None = None
    unanswered: str = Unanswered.KEEP.value


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
    """Change what differs; the history tells each setting by itself.

    Raises NotFound, Conflict where the project was changed meanwhile, Refused where nothing differs.
    """
    project = await locked(session, Project, project_id)
    if project is None:
        raise NotFound(N_("There is no project with this id."), code="project_not_found")
    check_version(version, project.version)
    now = clock.now()
    changed = {name: value for name, value in asdict(settings).items() if getattr(project, name) != value}
    if not changed:
        raise Refused(N_("Nothing is different from what is set already. Change something first."), code="nothing_new")
    for name, value in changed.items():
        told = name not in _TOO_LONG_TO_TELL
        session.add(
            ProjectHistory(
                at=now,
                actor_id=by,
                change=name,
                before=_told_as(getattr(project, name)) if told else None,
                after=_told_as(value) if told else None,
                reason=reason,
                project_id=project_id,
            )
        )
        setattr(project, name, value)
    # a new value, for the column does not see what is changed inside the old one
    project.own_settings = {**project.own_settings, **changed}
    project.version += 1
    session.add(project)
    await session.flush()
    await describe(session, await project_state(session, project), version=project.version, at=now)
    return project


def _told_as(value: object) -> str | None:
    return None if value is None else str(value)
