"""Meeting several employers' needs together, for whoever leads the project: by a joint run or by training asked for."""

from functools import partial
from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.courses.rules import Mode
from services.booking.courses.tables import Course
from services.booking.courses.views import LanguageCode, Municipality
from services.booking.courses.words import LANGUAGE_NAMES, MODE_NAMES
from services.booking.needs.demand import chosen_needs
from services.booking.needs.rules import WishedMode
from services.booking.projects.leading import led_project
from services.booking.requests.form import Hours, hours_typed
from services.booking.requests.pooling import pool_needs
from services.booking.requests.rules import RequestWish
from services.booking.requests.search import buyers_of
from shared.kernel.alike import same_subject
from shared.kernel.municipalities import MUNICIPALITIES
from shared.web.bodies import Body, Line, LongText
from shared.web.edge import CommandContext, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
_TOGETHER: Final = "/projects/{project_id}/demand/together"
_MOST_COURSES: Final = 500
_MOST_SHOWN: Final = 20


class ChosenQuery(BaseModel):
    """The needs that were chosen."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    need: list[UUID] = Field(default_factory=list, max_length=200)


class PoolForm(Body):
    """The training that is asked for, for all of the chosen needs."""

    title: Line
    description: LongText
    hours: Hours
    mode: Mode
    municipality: Municipality
    language: LanguageCode = "sv"
    buyer_id: UUID | None = None

    def common(self) -> RequestWish:
        """Return what the requests have in common; the rest is each need's own."""
        return RequestWish(
            self.title,
            self.description,
            persons=1,
            minutes=self.hours,
            mode=self.mode.value,
            municipality=self.municipality,
            language=self.language,
        )


@router.get(_TOGETHER)
async def show_together(
    request: Request, project_id: UUID, session: ReadSession, query: Annotated[ChosenQuery, Query()]
) -> Response:
    """Show the chosen needs, the courses that may meet them, and the form that asks for training for all of them."""
    return await _page(request, session, project_id, query, Form())


@router.post(_TOGETHER)
async def send_together(
    request: Request, project_id: UUID, session: ReadSession, query: Annotated[ChosenQuery, Query()]
) -> Response:
    """Ask for training for all of the chosen needs; each employer has its own request, and is told."""

    async def command(context: CommandContext, body: PoolForm) -> None:
        await pool_needs(
            context.session,
            context.clock,
            project_id,
            query.need,
            body.common(),
            buyer_id=body.buyer_id,
            by=context.actor.person_id,
        )

    again = partial(_page, request, session, project_id, query)
    return await take_form(request, PoolForm, command, done=f"/booking/projects/{project_id}/demand", again=again)


async def _page(
    request: Request, session: AsyncSession, project_id: UUID, query: ChosenQuery, form: Form[PoolForm]
) -> Response:
    needs = await chosen_needs(session, project_id, query.need)
    begin: dict[str, object] = {}
    if needs:
        modes = {each.need.wished_mode for each in needs} - {WishedMode.ANY.value}
        begin = {
            "title": needs[0].need.title,
            "description": "\n".join(dict.fromkeys(each.need.description for each in needs if each.need.description)),
            "hours": hours_typed(max(each.need.minutes for each in needs)),
            "municipality": next((each.municipality for each in needs if each.municipality), ""),
            "mode": modes.pop() if len(modes) == 1 else Mode.PHYSICAL.value,
        }
    titles = [each.need.title for each in needs]
    found = await session.exec(
        select(Course).where(col(Course.project_id) == project_id).order_by(col(Course.title)).limit(_MOST_COURSES)
    )
    courses = [course for course in found if any(same_subject(course.title, title) for title in titles)]
    return render(
        request,
        "requests/together.html",
        project=await led_project(request, session, project_id),
        needs=needs,
        chosen="&".join(f"need={each.need.id}" for each in needs),
        persons=sum(each.need.persons for each in needs),
        employers=len({each.employer_id for each in needs}),
        courses=courses[:_MOST_SHOWN],
        form=form,
        begin=begin,
        buyers=(await buyers_of(session, [project_id]))[project_id],
        modes=MODE_NAMES,
        languages=LANGUAGE_NAMES,
        municipalities=sorted(MUNICIPALITIES.items(), key=lambda pair: pair[1]),
    )
