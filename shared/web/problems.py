"""Errors as answers: RFC 9457 problems, in the reader's language. The one place that knows which error is which status.

A fault of ours is told without detail and logged without values: a message of PostgreSQL holds what was written.
"""

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Final

import structlog
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.responses import Response

from shared.kernel.errors import (
    Conflict,
    InvalidInput,
    KurslotsError,
    NotAllowed,
    NotFound,
    NotSignedIn,
    Several,
    TooOften,
    TryLater,
)
from shared.kernel.texts import N_, Text
from shared.web.database_errors import CommitFailedError, told_of_database
from shared.web.languages import Catalogues, Language
from shared.web.validation import FieldError, field_errors

PROBLEM_JSON: Final = "application/problem+json"
RETRY_AFTER_SECONDS: Final = 2

_STATUS: Final[Mapping[type[KurslotsError], int]] = {
    InvalidInput: 422,
    NotSignedIn: 401,
    NotAllowed: 403,
    NotFound: 404,
    Conflict: 409,
    TooOften: 429,
    TryLater: 503,
}
_TITLES: Final[Mapping[int, str]] = {
    400: N_("The request cannot be read"),
    401: N_("Sign in"),
    403: N_("Not allowed"),
    404: N_("Not found"),
    405: N_("Not done here"),
    409: N_("Not possible as things stand"),
    413: N_("Too large"),
    414: N_("The address is too long"),
    415: N_("Not JSON"),
    422: N_("Something in the input is wrong"),
    429: N_("Too many tries"),
    431: N_("The headers are too long"),
    500: N_("A fault of ours"),
    503: N_("Try again in a moment"),
}
_HTTP_ERRORS: Final[Mapping[int, tuple[str, str]]] = {
    400: ("unreadable_body", N_("The body cannot be read. Send JSON in UTF-8.")),
    404: ("unknown_address", N_("There is nothing at this address.")),
    405: ("method_not_allowed", N_("This address does not take the method {method}.")),
    413: ("too_large", N_("The body is too large.")),
}
_FAULT = Text(N_("Something went wrong on our side, and nothing was done. It has been noted; try again later."))

_log = structlog.get_logger(__name__)


class ProblemError(BaseModel):
    """What is wrong with one field."""

    field: str = Field(description="The field, as a dotted path")
    message: str
    code: str
    value: str | None = Field(default=None, description="What was sent, shortened; never of a field that may be secret")


class Problem(BaseModel):
    """An error, as RFC 9457 says."""

    type: str = Field(description="A URN of the kind of problem")
    title: str
    status: int
    detail: str = Field(description="What is wrong and what to do, for a person")
    code: str = Field(description="The kind of problem, for programs")
    errors: list[ProblemError] = Field(default_factory=list)
    instance: str | None = Field(default=None, description="A URN of this request, as in the logs")


@dataclass(frozen=True)
class Told:
    """What will be answered for an error, not yet in any language."""

    status: int
    code: str
    text: Text
    errors: Sequence[FieldError] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


Challenge = Callable[[str], str]
"""Gives the WWW-Authenticate header for a code of NotSignedIn."""


def told_of(error: Exception, *, method: str = "") -> Told:
    """Return what to answer for an error; one that nobody foresaw is logged and told without detail."""
    if isinstance(error, KurslotsError):
        return _told_of_ours(error)
    if isinstance(error, RequestValidationError):
        return _told_of_validation(error)
    if isinstance(error, HTTPException):
        return _told_of_http(error, method)
    if (from_database := told_of_database(error)) is not None:
        _log.warning("database said no", code=from_database.code, error=type(error).__name__)
        return _told_of_ours(from_database)
    log_fault(error)
    return Told(500, "fault", _FAULT)


def _told_of_ours(error: KurslotsError) -> Told:
    status = next(_STATUS[kind] for kind in type(error).__mro__ if kind in _STATUS)
    parts = error.errors if isinstance(error, Several) else (error,) if error.field else ()
    errors = [FieldError(part.field or "", part.text, part.code) for part in parts]
    return Told(status, error.code, error.text, errors, _headers_of(error))


def _headers_of(error: KurslotsError) -> dict[str, str]:
    if isinstance(error, TooOften):
        return {"retry-after": str(error.text.fields["seconds"])}
    return {"retry-after": str(RETRY_AFTER_SECONDS)} if isinstance(error, TryLater) else {}


def _told_of_validation(error: RequestValidationError) -> Told:
    errors = field_errors(error.errors())
    if len(errors) == 1 and errors[0].code == "json_invalid":
        return Told(400, "json_invalid", errors[0].text)
    text = Text(N_("{count} fields are wrong; each is told below."), {"count": len(errors)})
    if len(errors) == 1:
        text = Text(N_("{field}: {message}"), {"field": Verbatim(errors[0].field), "message": errors[0].text})
    return Told(422, "invalid_input", text, errors)


class Verbatim:
    """A value that is shown as it is, never looked up in a catalogue."""

    def __init__(self, value: str) -> None:
        self._value = value

    def __str__(self) -> str:
        return self._value


def _told_of_http(error: HTTPException, method: str) -> Told:
    headers = dict(error.headers or {})
    if error.status_code in _HTTP_ERRORS:
        code, message = _HTTP_ERRORS[error.status_code]
        return Told(error.status_code, code, Text(message, {"method": Verbatim(method)}), headers=headers)
    phrase = HTTPStatus(error.status_code).phrase
    return Told(error.status_code, phrase.lower().replace(" ", "_"), Text(phrase), headers=headers)


def log_fault(error: BaseException) -> None:
    """Log where a fault happened and of what kind, never its message: that may hold what a person wrote."""
    places = [f"{frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(error.__traceback__)]
    causes: list[str] = []
    cause: BaseException | None = error
    while cause is not None and len(causes) < 5:  # noqa: PLR2004 - deeper ones tell nothing new
        causes.append(type(cause).__name__)
        cause = cause.__cause__
    detail = (
        {"sqlstate": error.sqlstate, "constraint": error.constraint} if isinstance(error, CommitFailedError) else {}
    )
    _log.error("fault", causes=causes, places=places[-12:], **detail)


def title_of(status: int) -> str:
    """Return the message that names a status for a person."""
    return _TITLES.get(status) or HTTPStatus(status).phrase


def problem_response(
    told: Told, catalogues: Catalogues, language: Language, *, instance: str | None = None
) -> Response:
    """Return the answer that tells it."""
    title = title_of(told.status)
    problem = Problem(
        type=f"urn:kurslots:problem:{told.code}",
        title=catalogues.message(title, language),
        status=told.status,
        detail=catalogues.translate(told.text, language),
        code=told.code,
        errors=[
            ProblemError(
                field=error.field,
                message=catalogues.translate(error.text, language),
                code=error.code,
                value=error.value,
            )
            for error in told.errors
        ],
        instance=instance,
    )
    headers = {"content-language": language, "cache-control": "no-store", **told.headers}
    return Response(problem.model_dump_json(exclude_none=True), told.status, headers=headers, media_type=PROBLEM_JSON)
