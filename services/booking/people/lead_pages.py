"""A project's participants, as whoever leads it sees them; its coaches add and end participations.

Who those are whose identity is protected is shown to whoever has said why, and that is kept.
"""

from datetime import date
from functools import partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.composition import keys_of
from services.booking.people import looking, participants, wording
from services.booking.people.api import AddParticipant
from services.booking.people.commands import end_participation
from services.booking.people.participant_lists import ParticipantFilter, list_led_participants
from services.booking.people.participants import Entry
from services.booking.people.queries import ParticipantView, get_person
from services.booking.projects.leading import led_project
from services.booking.projects.queries import get_project_row
from services.booking.projects.rules import EligibilityRules
from shared.kernel.calendar import legal_day
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, Reason
from shared.web.edge import CommandContext, CurrentActor, CurrentClock, ReadSession
from shared.web.page_query import PageQuery
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.forms import Form, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render

router = APIRouter()
_PARTICIPANTS: Final = "/projects/{project_id}/participants"
_PROTECTED: Final = "/projects/{project_id}/protected"


class WhyBody(Body):
    """Why a protected identity is looked at. It is kept, and must name nobody."""

    reason: Reason


class EndForm(Body):
    """The last day; today where none is given."""

    ends_on: date | None = None


def _name(row: ParticipantView) -> str | Text:
    return Text(N_("Participant")) if row.protected else f"{row.given_name} {row.family_name}"


_COLUMNS: Final = (
    Column(N_("Participant"), _name),
    Column(N_("First day"), lambda row: row.starts_on),
    Column(N_("Last day"), lambda row: row.ends_on),
    Column(N_("Working life on the first day"), lambda row: Text(wording.STATUSES[row.status_at_entry])),
    Column(N_("Highest education"), lambda row: Text(wording.EDUCATIONS[row.education_at_entry])),
    Column(N_("Identity number is known"), lambda row: row.reportable),
)


@router.get(_PARTICIPANTS)
async def show_participants(
    request: Request, project_id: UUID, session: ReadSession, query: Annotated[ParticipantFilter, Query()]
) -> Response:
    """List everybody who takes part in the project."""

    async def show(people: Listing[ParticipantView]) -> Response:
        return render(
            request,
            "people/led_participants.html",
            project=await led_project(request, session, project_id),
            people=people,
            wording=wording,
        )

    read = partial(list_led_participants, session, project_id)
    return await show_or_export(
        request, query, name="participants", columns=_COLUMNS, sort="name", read=read, show=show
    )


@router.get(_PARTICIPANTS + "/new")
async def show_add_participant(request: Request, project_id: UUID, session: ReadSession) -> Response:
    """Show the form by which somebody without an employer takes part."""
    return await _add_page(request, session, project_id, Form())


@router.post(_PARTICIPANTS + "/new")
async def send_add_participant(request: Request, project_id: UUID, session: ReadSession) -> Response:
    """Add a participant without an employer, where the project lets such people in."""

    async def command(context: CommandContext, body: AddParticipant) -> None:
        await participants.add_participant(
            context.session,
            context.clock,
            keys_of(request),
            project_id,
            body.numbered(),
            entry=Entry(body.starts_on, body.status_at_entry, body.education_at_entry),
            by=context.actor.person_id,
        )

    project = await led_project(request, session, project_id)
    newest = "?sort=-since" if project.leads else ""
    again = partial(_add_page, request, session, project_id)
    return await take_form(request, AddParticipant, command, done=project.people_address + newest, again=again)


@router.get(_PARTICIPANTS + "/{person_id}/end")
async def show_end_participation(
    request: Request, project_id: UUID, person_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """Say what ending a person's part does, before it is done."""
    return await _end_page(request, session, project_id, person_id, Form(), reader=actor.person_id)


@router.post(_PARTICIPANTS + "/{person_id}/end")
async def send_end_participation(
    request: Request, project_id: UUID, person_id: UUID, session: ReadSession, actor: CurrentActor
) -> Response:
    """End the person's part in the project."""

    async def command(context: CommandContext, body: EndForm) -> None:
        await end_participation(
            context.session,
            context.clock,
            person_id,
            project_id,
            ends_on=body.ends_on or legal_day(context.clock.now()),
            by=context.actor.person_id,
        )

    project = await led_project(request, session, project_id)
    again = partial(_end_page, request, session, project_id, person_id, reader=actor.person_id)
    return await take_form(request, EndForm, command, done=project.people_address, again=again)


@router.get(_PROTECTED)
async def show_protected(request: Request, project_id: UUID, session: ReadSession, query: PageQuery) -> Response:
    """List the participants whose identity is protected, without telling who they are."""
    found = await looking.list_hidden(session, project_id, query)
    return render(
        request,
        "people/protected.html",
        project=await led_project(request, session, project_id),
        people=Listing.of(request, found, shown=found.rows, name="people"),
    )


@router.get("/projects/{project_id}/looks")
async def show_identity_looks(request: Request, project_id: UUID, session: ReadSession, query: PageQuery) -> Response:
    """Show who has looked at protected identities, when and why."""
    found = await looking.list_looks(session, project_id, query)
    return render(
        request,
        "people/looks.html",
        project=await led_project(request, session, project_id),
        looks=Listing.of(request, found, shown=found.rows, name="looks"),
    )


@router.get(_PROTECTED + "/{person_id}")
async def show_identity(
    request: Request, project_id: UUID, person_id: UUID, session: ReadSession, actor: CurrentActor, clock: CurrentClock
) -> Response:
    """Ask why the identity is to be shown; to the one who has just said it, show who the person is."""
    found = await looking.find_identity(session, project_id, person_id, by=actor.person_id, now=clock.now())
    if found is None:
        return await _question_page(request, session, project_id, person_id, Form())
    person, until = found
    return render(
        request,
        "people/identity.html",
        project=await led_project(request, session, project_id),
        person=person,
        until=until,
    )


@router.post(_PROTECTED + "/{person_id}")
async def send_identity(request: Request, project_id: UUID, person_id: UUID, session: ReadSession) -> Response:
    """Keep who looks and why, and lead on to the name."""

    async def command(context: CommandContext, body: WhyBody) -> None:
        await looking.look_at_identity(
            context.session,
            context.clock,
            project_id,
            person_id,
            by=context.actor.person_id,
            reason=body.reason,
        )

    again = partial(_question_page, request, session, project_id, person_id)
    return await take_form(
        request, WhyBody, command, done=f"/booking/projects/{project_id}/protected/{person_id}", again=again
    )


def _takes_people_itself(eligibility: dict[str, Any]) -> bool:
    return EligibilityRules.model_validate(eligibility).persons_without_employer


async def _add_page(request: Request, session: AsyncSession, project_id: UUID, form: Form[AddParticipant]) -> Response:
    project = await get_project_row(session, project_id)
    return render(
        request,
        "people/add_participant.html",
        project=await led_project(request, session, project_id),
        form=form,
        takes_people_itself=_takes_people_itself(project.eligibility),
        statuses=list(wording.STATUSES.items()),
        educations=list(wording.EDUCATIONS.items()),
    )


async def _end_page(
    request: Request, session: AsyncSession, project_id: UUID, person_id: UUID, form: Form[EndForm], *, reader: UUID
) -> Response:
    person = await get_person(session, person_id, reader=reader)
    return render(
        request,
        "people/end_participation.html",
        project=await led_project(request, session, project_id),
        form=form,
        name=Text(N_("a participant with protected identity"))
        if person.given_name is None
        else f"{person.given_name} {person.family_name}",
        does=[
            Text(N_("The person no longer takes part in the project from the day after the last day.")),
            Text(N_("Seats that are booked in her name stay booked: they are given up at the booking.")),
            Text(N_("She counts in the figures as before. Nobody is written to about it.")),
        ],
    )


async def _question_page(
    request: Request, session: AsyncSession, project_id: UUID, person_id: UUID, form: Form[WhyBody]
) -> Response:
    return render(
        request,
        "people/identity_question.html",
        project=await led_project(request, session, project_id),
        hidden=await looking.get_hidden(session, project_id, person_id),
        form=form,
        minutes=int(looking.SHOWN_FOR.total_seconds() // 60),
    )
