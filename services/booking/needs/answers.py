"""Answers to a project's own questions as they are read: with the questions of the version that they were given for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.needs.queries import SurveyView
from services.booking.projects.queries import questions_of_version
from services.booking.projects.questions import Answer, Kind, Question
from shared.kernel.texts import N_, Text
from shared.web.languages import Language

YES_NO: Final = {True: N_("Yes"), False: N_("No")}

Said = Text | date | str | None


@dataclass(frozen=True, slots=True)
class Answered:
    """A question's words, and what was said to it; none where it was not."""

    words: str
    said: Said


async def shown_answers(session: AsyncSession, survey: SurveyView, language: Language) -> Sequence[Answered]:
    """Return the survey's questions with their answers; empty where the project asked none of its own."""
    if survey.questions_version is None:
        return ()
    questions = await questions_of_version(session, survey.project_id, survey.questions_version)
    return [
        Answered(question.words[language], said(question, survey.answers or {}, language)) for question in questions
    ]


def said(question: Question, answers: Mapping[str, Answer], language: Language) -> Said:
    """Return an answer as it is shown and exported."""
    answer = answers.get(question.key)
    if answer is None:
        return None
    if isinstance(answer, bool):
        return Text(YES_NO[answer])
    words = {choice.key: choice.words[language] for choice in question.choices}
    if isinstance(answer, list):
        return "; ".join(words[key] for key in answer)
    if question.kind is Kind.DATE:
        return date.fromisoformat(answer)
    if question.kind is Kind.NUMBER and language == "sv":
        return answer.replace(".", ",")
    return words.get(answer, answer) if question.kind is Kind.ONE else answer


def asked_after(question: Question, questions: Sequence[Question], language: Language) -> Text | None:
    """Return after which answer the question is asked, in words; None where it is always asked."""
    if question.when is None:
        return None
    earlier = next(each for each in questions if each.key == question.when.question)
    given: list[str | Text] = []
    for key in question.when.answers:
        if earlier.kind is Kind.YES_NO:
            given.append(Text(YES_NO[key == "yes"]))
        else:
            given.append(next(choice.words[language] for choice in earlier.choices if choice.key == key))
    return Text(
        N_("Answer this if you answered {answers} to “{question}”."),
        {"answers": tuple(given), "question": earlier.words[language]},
    )
