"""Which error is which answer."""

import pytest
from starlette.exceptions import HTTPException

from shared.kernel.errors import (
    Conflict,
    InvalidInput,
    KurslotsError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Refused,
    Several,
    TryLater,
)
from shared.web.languages import SHARED_CATALOGUES, Catalogues
from shared.web.problems import Problem, problem_response, told_of

CATALOGUES = Catalogues([SHARED_CATALOGUES])


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (InvalidInput, 422),
        (NotSignedIn, 401),
        (NotAllowed, 403),
        (NotFound, 404),
        (Conflict, 409),
        (Refused, 409),
        (TryLater, 503),
    ],
)
def test_each_kind_of_error_has_its_status(kind: type[KurslotsError], status: int) -> None:
    told = told_of(kind("Only {free} left.", code="x", free=2))
    answer = problem_response(told, CATALOGUES, "sv")
    problem = Problem.model_validate_json(bytes(answer.body))
    assert (answer.status_code, problem.status, problem.detail) == (status, status, "Only 2 left.")
    assert ("retry-after" in answer.headers) is (status == 503)


def test_several_errors_are_told_each_with_its_field() -> None:
    wrong = [
        InvalidInput("Too many: {count}.", code="too_many", field="seats", count=9),
        InvalidInput("Gone.", code="gone", field="run_id"),
    ]
    answer = problem_response(told_of(Several(wrong)), CATALOGUES, "en")
    problem = Problem.model_validate_json(bytes(answer.body))
    assert [(error.field, error.message) for error in problem.errors] == [
        ("seats", "Too many: 9."),
        ("run_id", "Gone."),
    ]


@pytest.mark.parametrize("status", [404, 405, 413, 418])
def test_an_error_of_the_framework_is_a_problem_too(status: int) -> None:
    answer = problem_response(told_of(HTTPException(status), method="BREW"), CATALOGUES, "sv")
    problem = Problem.model_validate_json(bytes(answer.body))
    assert problem.status == status
    assert problem.detail


def test_a_fault_tells_nothing_of_itself() -> None:
    answer = problem_response(told_of(ZeroDivisionError("secret")), CATALOGUES, "en")
    assert b"secret" not in answer.body
    assert answer.status_code == 500
