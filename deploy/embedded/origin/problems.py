"""Errors of the origin itself as RFC 9457 `application/problem+json`, in the reader's language."""

from http import HTTPStatus

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from deploy.embedded.origin.translations import language_of, translator
from shared.kernel.texts import N_


class OriginProblem(Exception):  # noqa: N818 - named for what it is on the wire
    """Something to be answered as a problem. `fields` fill the message's named fields."""

    def __init__(self, status: int, code: str, message: str, **fields: object) -> None:
        self.status = status
        self.code = code
        self.message = message
        self.fields = fields
        super().__init__(f"{code}: {message}")


def problem(request: Request, error: OriginProblem) -> JSONResponse:
    """Render an OriginProblem; `code` is stable, `detail` is for a person."""
    language = language_of(request)
    return JSONResponse(
        {
            "type": f"urn:kurslots:problem:{error.code}",
            "title": HTTPStatus(error.status).phrase,
            "status": error.status,
            "detail": translator(language)(error.message, **error.fields),
            "code": error.code,
            "errors": [],
            "instance": request.url.path,
        },
        status_code=error.status,
        media_type="application/problem+json",
        headers={"content-language": language, "cache-control": "no-store", "vary": "accept-language"},
    )


async def answer_problem(request: Request, error: Exception) -> Response:
    assert isinstance(error, OriginProblem)
    return problem(request, error)


async def answer_http_error(request: Request, error: Exception) -> Response:
    """Give Starlette's own refusals (no such path, wrong method) the same form."""
    assert isinstance(error, HTTPException)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        known = OriginProblem(error.status_code, "method_not_allowed", N_("This address does not take that method."))
    elif error.status_code == HTTPStatus.NOT_FOUND:
        known = OriginProblem(error.status_code, "not_found", N_("Nothing is kept at this address. / says what is."))
    else:
        known = OriginProblem(error.status_code, "bad_request", N_("The request could not be read."))
    response = problem(request, known)
    response.headers.update(error.headers or {})
    return response
