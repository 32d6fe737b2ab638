"""Need surveys: an employer's list of them, the form that one is written down by, and all of a project for its lead.

Where the project asks questions of its own, the form is made of them, and is read by the version that it was made of.
"""

from functools import lru_cache, partial
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from pydantic import create_model
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.booking.employers.queries import list_workplaces
from services.booking.employers.standing import standing_of
from services.booking.needs import commands, queries, wording
from services.booking.needs.answers import asked_after, said
from services.booking.needs.api import AnswerText, Key, WriteSurvey, written_as
from services.booking.needs.queries import SurveyView
from services.booking.needs.rules import SurveyDetails
from services.booking.needs.surveys import ProjectSurvey, SurveysFilter, search_surveys
from services.booking.people.queries import list_coaches
from services.booking.projects.leading import led_project
from services.booking.projects.queries import questions_asked, questions_of_version, versions_of_questions
from services.booking.projects.questions import FIELD, Kind, Question, questions_of
from shared.kernel.calendar import legal_day
from shared.kernel.clock import Clock
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body
from shared.web.edge import CommandContext, CurrentClock, CurrentLanguage, ReadSession
from shared.web.exchange import exchange_of
from shared.web.languages import Language
from shared.web.page_query import PageQuery
from shared.web.pages.exports import Column, show_or_export
from shared.web.pages.forms import Form, read_form, sent_fields, take_form
from shared.web.pages.lists import Listing
from shared.web.pages.rendering import render
from shared.web.paging import Rows

router = APIRouter()
_SURVEYS: Final = "/projects/{project_id}/employers/{employer_id}/surveys"
_COLUMNS: Final = (
    Column(N_("Employer"), lambda row: row.employer_name),
    Column(N_("Day of the survey"), lambda row: row.survey.made_on),
    Column(N_("Written down by"), lambda row: Text(wording.WRITTEN_AS[row.survey.written_as])),
    Column(N_("Together with the coach"), lambda row: row.coach_name),
    Column(N_("Who took part"), lambda row: row.survey.took_part),
    Column(N_("How the employees' representatives were consulted"), lambda row: row.survey.consulted),
    Column(N_("Day of the consultation"), lambda row: row.survey.consulted_on),
)
_FINDINGS: Final = Column(N_("What you need to learn, and why"), lambda row: row.survey.findings)


@router.get(_SURVEYS)
async def show_surveys(
    request: Request, project_id: UUID, employer_id: UUID, session: ReadSession, query: PageQuery
) -> Response:
    """List the employer's surveys with their plans."""
    standing = await standing_of(request, session, employer_id, project_id)
    page = await queries.list_surveys(session, project_id, employer_id, query)
    return render(
        request,
        "needs/surveys.html",
        standing=standing,
        surveys=Listing.of(request, Rows(page.items, page.next), shown=page.items, name="surveys"),
        counts=await queries.need_counts(session, [survey.plan.plan_id for survey in page.items]),
        wording=wording,
    )


@router.get(_SURVEYS + "/new")
async def show_write_survey(
    request: Request, project_id: UUID, employer_id: UUID, session: ReadSession, clock: CurrentClock
) -> Response:
    """Show the form of a survey."""
    version, questions = await questions_asked(session, project_id)
    form: Form[Body] = Form()
    return await _survey_page(request, session, clock, project_id, employer_id, version, questions, form)


@router.post(_SURVEYS + "/new")
async def send_write_survey(
    request: Request, project_id: UUID, employer_id: UUID, session: ReadSession, clock: CurrentClock
) -> Response:
    """Write a survey down and begin its plan."""
    version, questions = await _questions_sent(request, session, project_id)

    async def command(context: CommandContext, body: Body) -> SurveyView:
        given = body.model_dump()
        workplace_id = given.pop("workplace_id")
        answers = {name.removeprefix(FIELD): given.pop(name) for name in [*given] if name.startswith(FIELD)}
        survey, plan = await commands.write_survey(
            context.session,
            context.clock,
            project_id,
            employer_id,
            SurveyDetails(**given | {"answers": None if version is None else answers, "questions_version": version}),
            workplace_id=workplace_id,
            by=context.actor.person_id,
            written_as=written_as(context.actor, project_id, employer_id),
        )
        return queries.survey_view(survey, plan)

    def done(survey: Any) -> str:  # noqa: ANN401 - the stored answer
        return f"/booking/training-plans/{survey['plan']['plan_id']}"

    form = await read_form(request, _form_of(tuple((each.key, each.kind) for each in questions)))
    again = partial(_survey_page, request, session, clock, project_id, employer_id, version, questions)
    return await take_form(request, form, command, done=done, again=again)


@lru_cache(maxsize=64)
def _form_of(questions: tuple[tuple[str, Kind], ...]) -> type[Body]:
    """Return the body of a form with a field for each question; without any, that of a survey in words."""
    if not questions:
        return WriteSurvey
    fields: dict[str, Any] = {
        FIELD + key: (list[Key], []) if kind is Kind.SEVERAL else (AnswerText | None, None) for key, kind in questions
    }
    return create_model("AnsweredSurvey", __base__=WriteSurvey, **fields)


async def _questions_sent(
    request: Request, session: AsyncSession, project_id: UUID
) -> tuple[int | None, tuple[Question, ...]]:
    """Return the questions that the form was made of, which may be an earlier version than the one asked now."""
    sent = (await sent_fields(request)).get("questions_version")
    if isinstance(sent, str) and sent.isascii() and sent.isdecimal() and len(sent) < len(str(2**31)):
        return int(sent), await questions_of_version(session, project_id, int(sent))
    return await questions_asked(session, project_id)


async def _survey_page(
    request: Request,
    session: AsyncSession,
    clock: Clock,
    project_id: UUID,
    employer_id: UUID,
    version: int | None,
    questions: tuple[Question, ...],
    form: Form[Body],
) -> Response:
    standing = await standing_of(request, session, employer_id, project_id)
    language = exchange_of(request).language
    return render(
        request,
        "needs/survey_form.html",
        standing=standing,
        form=form,
        today=legal_day(clock.now()),
        workplaces=await list_workplaces(session, employer_id),
        coaches=await list_coaches(session, project_id),
        version=version,
        questions=[(each, asked_after(each, questions, language)) for each in questions],
    )


@router.get("/projects/{project_id}/surveys")
async def show_project_surveys(
    request: Request,
    project_id: UUID,
    session: ReadSession,
    language: CurrentLanguage,
    query: Annotated[SurveysFilter, Query()],
) -> Response:
    """List the surveys of the project's employers by the version of its questions; a file has a column for each."""
    versions = await versions_of_questions(session, project_id)
    asked = query.version if query.version is not None else versions[0].version if versions else 0
    kept = next((each.questions for each in versions if each.version == asked), [])
    questions = questions_of(kept)

    async def show(listing: Listing[ProjectSurvey]) -> Response:
        return render(
            request,
            "needs/project_surveys.html",
            project=await led_project(request, session, project_id),
            surveys=listing,
            versions=versions,
            asked=asked,
            questions=[(each, asked_after(each, questions, language)) for each in questions],
            kinds=wording.QUESTION_KINDS,
            wording=wording,
        )

    return await show_or_export(
        request,
        query,
        name="surveys",
        columns=[*_COLUMNS, *_answer_columns(questions, language)] if questions else [*_COLUMNS, _FINDINGS],
        sort="-made",
        read=partial(search_surveys, session, project_id, asked),
        show=show,
    )


def _answer_columns(questions: tuple[Question, ...], language: Language) -> list[Column]:
    return [Column(each.words[language], partial(_said, each, language)) for each in questions]


def _said(question: Question, language: Language, row: ProjectSurvey) -> object:
    return said(question, row.survey.answers or {}, language)
