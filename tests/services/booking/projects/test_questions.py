"""A project's own questions: which can be asked, and which answers are kept."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from services.booking.projects.questions import Question, check_answers, is_asked, questions_of
from shared.kernel.errors import Several
from tests.services.booking.registered import a_project_input


def words(text: str) -> dict[str, str]:
    return {"sv": text, "en": f"{text} (en)"}


def a_question(key: str, kind: str = "text", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of it
    choices = [{"key": each, "words": words(each)} for each in changes.pop("choices", ())]
    return {"key": key, "kind": kind, "words": words(f"Fråga {key}?"), "choices": choices} | changes


QUESTIONS = [
    a_question("people", "number"),
    a_question("grows", "yes_no"),
    a_question(
        "how", "several", choices=("machines", "staff", "export"), when={"question": "grows", "answers": ["yes"]}
    ),
    a_question("where", when={"question": "how", "answers": ["export"]}, required=False),
    a_question("form", "one", choices=("site", "online"), required=False),
    a_question("before", "date", required=False),
]


def asked() -> tuple[Question, ...]:
    kept = a_project_input(need_questions=QUESTIONS).model_dump(mode="json")["need_questions"]
    return questions_of(kept)


def wrong_in(answers: dict[str, object]) -> dict[str | None, str]:
    with pytest.raises(Several) as refused:
        check_answers(asked(), answers)
    return {error.field: error.code for error in refused.value.errors}


def test_answers_are_kept_in_one_form_whoever_sends_them() -> None:
    sent = {"people": " 1 200,50", "grows": "yes", "how": ["export", "machines"], "where": " Norge ", "form": ""}
    kept = {"people": "1200.5", "grows": True, "how": ["machines", "export"], "where": "Norge"}
    assert check_answers(asked(), sent) == kept
    assert check_answers(asked(), kept) == kept


def test_every_wrong_answer_is_told_at_its_question() -> None:
    sent: dict[str, object] = {
        "people": "många",
        "grows": "kanske",
        "form": "moon",
        "before": "i vår",
        "secret": "1",
    }
    assert wrong_in(sent) == {
        "q_people": "answer_not_number",
        "q_grows": "answer_unknown",
        "q_form": "answer_unknown",
        "q_before": "answer_not_day",
        "q_secret": "question_unknown",
    }
    assert wrong_in({}) == {"q_people": "answer_missing", "q_grows": "answer_missing"}
    assert wrong_in({"people": "2", "grows": "yes"}) == {"q_how": "answer_missing"}


def test_what_is_not_asked_is_neither_needed_nor_taken() -> None:
    assert check_answers(asked(), {"people": "2", "grows": "no"}) == {"people": "2", "grows": False}
    assert wrong_in({"people": "2", "grows": "no", "how": ["staff"]}) == {"q_how": "question_not_asked"}


_CHOICES = st.sampled_from(["yes", "no", "", "machines", "export", "site", "7", "2027-01-31", "moon"])


@given(st.dictionaries(st.sampled_from([each["key"] for each in QUESTIONS]), _CHOICES | st.lists(_CHOICES, max_size=3)))
def test_what_is_kept_is_whole_and_stays_as_it_is(answers: dict[str, object]) -> None:
    try:
        kept = check_answers(asked(), answers)
    except Several:
        return
    assert check_answers(asked(), kept) == kept
    for question in asked():
        if question.key in kept:
            assert is_asked(question, kept)
        else:
            assert not (question.required and is_asked(question, kept))


@pytest.mark.parametrize(
    ("questions", "told"),
    [
        ([a_question("a"), a_question("a")], "two questions have the key a"),
        ([a_question("a", "one")], "one and several have choices"),
        ([a_question("a", choices=("x",))], "one and several have choices"),
        ([a_question("a", "one", choices=("x", "x"))], "gives a choice twice"),
        (
            [a_question("a", when={"question": "b", "answers": ["yes"]}), a_question("b", "yes_no")],
            "no earlier question",
        ),
        ([a_question("b", "yes_no"), a_question("a", when={"question": "b", "answers": ["x"]})], "answered by x"),
        ([a_question("b"), a_question("a", when={"question": "b", "answers": ["x"]})], "answered by x"),
        ([a_question("a") | {"words": {"sv": "Bara svenska?"}}], "en"),
    ],
)
def test_questions_that_cannot_be_asked_are_refused_with_what_is_wrong(
    questions: list[dict[str, Any]], told: str
) -> None:
    with pytest.raises(ValidationError, match=told):
        a_project_input(need_questions=questions)
