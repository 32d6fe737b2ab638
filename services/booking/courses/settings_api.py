"""A project's own settings, for programs. They lie here because changing them plans the reminders of runs anew."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from fastapi.responses import Response
from pydantic import Field

from services.booking.courses import settings
from services.booking.projects import rules
from services.booking.projects.changing import OwnSettings
from services.booking.projects.queries import ProjectView, get_project
from services.booking.projects.rules import BookingApproval, SigningWay, Unanswered
from shared.web.bodies import Body, Paragraph, Reason, Version
from shared.web.edge import CommandContext, run_command

router = APIRouter(tags=["projects"])


class ChangeSettings(Body):
    """The settings as they shall be, why they are changed, and the version of the project that was read."""

    summary: Paragraph
    free_cancellation_days: Annotated[int, Field(ge=0, le=rules.MOST_FREE_CANCELLATION_DAYS)]
    reminder_days: Annotated[int, Field(ge=0, le=rules.MOST_REMINDER_DAYS)]
    offer_hours: Annotated[int, Field(ge=1, le=rules.MOST_OFFER_HOURS)]
    queue_passes: Annotated[int, Field(ge=0, le=rules.MOST_QUEUE_PASSES)]
    signing_ways: Annotated[list[SigningWay], Field(min_length=1, max_length=len(SigningWay))]
    signing_days: Annotated[int, Field(ge=1, le=rules.MOST_SIGNING_DAYS)]
    name_by_days: Annotated[int, Field(ge=1, le=rules.MOST_NAME_BY_DAYS)] | None = None
    booking_approval: BookingApproval = BookingApproval.NONE
    substitution_lock_days: Annotated[int, Field(ge=0, le=rules.MOST_SUBSTITUTION_LOCK_DAYS)] | None = None
    confirmation_days: Annotated[int, Field(ge=1, le=rules.MOST_CONFIRMATION_DAYS)] | None = Field(
        default=None, description="In which employers say whether they come after a change; none: they are not asked"
    )
    unanswered: Unanswered = Field(default=Unanswered.KEEP, description="What becomes of seats without an answer")
    reason: Reason
    version: Version

    def settings(self) -> OwnSettings:
        """Return them as plain values, the ways of signing in the order of their list."""
        ways = [way.value for way in SigningWay if way in self.signing_ways]
        return OwnSettings(
            **self.model_dump(exclude={"reason", "version", "signing_ways"}, mode="json"), signing_ways=ways
        )


@router.patch("/projects/{project_id}/settings", response_model=ProjectView)
async def change_project_settings(request: Request, project_id: UUID, body: ChangeSettings) -> Response:
    """Change how the project is presented, and its rules for seats."""

    async def command(context: CommandContext) -> ProjectView:
        await settings.change_settings(
            context.session,
            context.clock,
            project_id,
            body.settings(),
            version=body.version,
            reason=body.reason,
            by=context.actor.person_id,
        )
        return await get_project(context.session, project_id)

    return await run_command(request, command)
