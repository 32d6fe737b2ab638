"""Invented answers to whatever questions of its own a project asks about needs."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.needs.rules import SurveyDetails
from services.booking.projects.queries import questions_asked
from services.booking.projects.questions import Answer, Kind, Question, is_asked

_PLAIN: Final[Mapping[Kind, Answer]] = {
    Kind.TEXT: "Svetsning och ritningsläsning",
    Kind.YES_NO: False,
    Kind.NUMBER: "12",
    Kind.DATE: "2026-01-15",
}


async def answered(session: AsyncSession, project_id: UUID, survey: SurveyDetails) -> SurveyDetails:
    """Return the survey with an answer to each of the project's own questions; as it is where it asks none."""
    version, questions = await questions_asked(session, project_id)
    if version is None:
        return survey
    answers: dict[str, Answer] = {}
    for question in questions:
        if is_asked(question, answers):
            answers[question.key] = _answer(question)
    return replace(survey, findings=None, questions_version=version, answers=answers)


def _answer(question: Question) -> Answer:
    if question.kind is Kind.SEVERAL:
        return [question.answers[0]]
    return question.answers[0] if question.kind is Kind.ONE else _PLAIN[question.kind]
