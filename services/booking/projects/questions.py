"""A project's own questions to an employer about its needs, as data, and what holds for answers to them.

A version of the questions never changes: other questions are another version, and an answer says which it is to.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from typing import Any, Final

from shared.kernel.errors import InvalidInput, Several
from shared.kernel.texts import N_

MOST_TEXT: Final = 4_000
_MOST_NUMBER: Final = Decimal(1_000_000_000)
FIELD: Final = "q_"
"""How a question's field is named in a form and in errors: this, and its key."""
YES, NO = "yes", "no"

Answer = str | bool | list[str]
Answers = Mapping[str, Answer]
"""By a question's key: words, yes or no, the chosen ones, a number as its digits, a day as YYYY-MM-DD."""


class Kind(StrEnum):
    """What kind of answer is asked for."""

    TEXT = "text"
    YES_NO = "yes_no"
    ONE = "one"
    SEVERAL = "several"
    NUMBER = "number"
    DATE = "date"


@dataclass(frozen=True, slots=True)
class Choice:
    """What may be chosen: its key, and its words by language."""

    key: str
    words: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class When:
    """That a question is asked only where an earlier one has one of these answers."""

    question: str
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One question, its words by language."""

    key: str
    kind: Kind
    words: Mapping[str, str]
    required: bool = True
    choices: tuple[Choice, ...] = ()
    when: When | None = None

    @property
    def field(self) -> str:
        """Its name in a form and in errors."""
        return FIELD + self.key

    @property
    def answers(self) -> tuple[str, ...]:
        """What a condition on it can name."""
        return (YES, NO) if self.kind is Kind.YES_NO else tuple(choice.key for choice in self.choices)


def questions_of(kept: Sequence[Mapping[str, Any]]) -> tuple[Question, ...]:
    """Return the questions of a version as they were kept."""
    return tuple(
        Question(
            one["key"],
            Kind(one["kind"]),
            one["words"],
            required=one["required"],
            choices=tuple(Choice(choice["key"], choice["words"]) for choice in one["choices"]),
            when=None if one["when"] is None else When(one["when"]["question"], tuple(one["when"]["answers"])),
        )
        for one in kept
    )


def check_answers(questions: Sequence[Question], given: Mapping[str, object]) -> dict[str, Answer]:
    """Return the answers as they are kept.

    Raises InvalidInput for each that is missing, is not asked for, or is not of its kind, all of them at once.
    """
    known = {question.key for question in questions}
    wrong = [
        InvalidInput(N_("There is no such question."), code="question_unknown", field=FIELD + key)
        for key in given.keys() - known
    ]
    kept: dict[str, Answer] = {}
    for question in questions:
        try:
            answer = _checked(question, given.get(question.key), kept)
        except InvalidInput as error:
            wrong.append(error)
        else:
            if answer is not None:
                kept[question.key] = answer
    if wrong:
        raise Several(wrong)
    return kept


def _checked(question: Question, given: object, before: Answers) -> Answer | None:
    answer = None if given in (None, "", []) else _READERS[question.kind](question, given)
    if answer is None:
        if question.required and is_asked(question, before):
            raise InvalidInput(N_("Answer this."), code="answer_missing", field=question.field)
    elif not is_asked(question, before):
        raise InvalidInput(
            N_("This is only asked after another answer. Leave it empty, or change that answer."),
            code="question_not_asked",
            field=question.field,
        )
    return answer


def is_asked(question: Question, answers: Answers) -> bool:
    """Whether the question is asked after these answers to the ones before it."""
    if question.when is None:
        return True
    given = answers.get(question.when.question)
    if given is None:
        return False
    said = {YES if given else NO} if isinstance(given, bool) else {given} if isinstance(given, str) else set(given)
    return not said.isdisjoint(question.when.answers)


def _not_a_choice(question: Question) -> InvalidInput:
    return InvalidInput(N_("Choose among the answers."), code="answer_unknown", field=question.field)


def _yes_no(question: Question, given: object) -> bool:
    if isinstance(given, bool):
        return given
    return _one(question, given) == YES


def _one(question: Question, given: object) -> str:
    if given not in question.answers:
        raise _not_a_choice(question)
    return str(given)


def _several(question: Question, given: object) -> list[str]:
    chosen = given if isinstance(given, list) else [given]
    if not {str(each) for each in chosen} <= {*question.answers}:
        raise _not_a_choice(question)
    return [key for key in question.answers if key in chosen]


def _text(question: Question, given: object) -> str | None:
    if not isinstance(given, str) or len(given) > MOST_TEXT:
        raise InvalidInput(
            N_("Write at most {most} characters."), code="answer_too_long", field=question.field, most=MOST_TEXT
        )
    return given.strip() or None


def _number(question: Question, given: object) -> str:
    try:
        value = Decimal("".join(str(given).split()).replace(",", "."))
    except InvalidOperation:
        value = Decimal("NaN")
    if not value.is_finite() or abs(value) > _MOST_NUMBER or isinstance(given, (bool, list)):
        raise InvalidInput(N_("Write a number, such as 12 or 12,5."), code="answer_not_number", field=question.field)
    return f"{value.quantize(Decimal('0.01')).normalize():f}"


def _day(question: Question, given: object) -> str:
    try:
        return date.fromisoformat(str(given)).isoformat()
    except ValueError:
        raise InvalidInput(N_("Write a day as 2027-01-31."), code="answer_not_day", field=question.field) from None


_READERS: Final[Mapping[Kind, Callable[[Question, object], Answer | None]]] = {
    Kind.TEXT: _text,
    Kind.YES_NO: _yes_no,
    Kind.ONE: _one,
    Kind.SEVERAL: _several,
    Kind.NUMBER: _number,
    Kind.DATE: _day,
}
