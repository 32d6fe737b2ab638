"""The OpenAPI document of a service, complete with every problem that can be answered, and a page that lists it.

The page is made here, without scripts or anything from another address.
"""

import base64
import hashlib
from collections.abc import Callable, Iterator, Mapping
from html import escape
from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from shared.web.exchange import RouteFacts
from shared.web.idempotency import LONGEST_KEY
from shared.web.pace import TOO_OFTEN
from shared.web.problems import PROBLEM_JSON, Problem

_METHODS: Final = ("get", "post", "put", "patch", "delete")
_CHANGING: Final = ("post", "put", "patch", "delete")
_PROBLEMS: Final[Mapping[int, str]] = {
    400: "The request cannot be read",
    401: "Not signed in, or the token is not valid here",
    403: "The role does not allow it, or there is no account",
    404: "There is no such thing, or not for this person",
    405: "The address does not take this method",
    409: "Not possible as things stand",
    413: "The body is too large",
    414: "The address is too long",
    415: "The body is not JSON",
    422: "Something in the input is wrong",
    429: "Tried too often; Retry-After says how many seconds to wait",
    431: "The headers are too long",
    500: "A fault of ours",
    503: "Not possible just now; try again in a moment, with the same key",
}
_OF_EVERY_ROUTE: Final = (400, 413, 414, 415, 422, 431, 500, 503)


def openapi_document(app: FastAPI, routes: Mapping[Callable[..., Any], RouteFacts]) -> dict[str, Any]:
    """Return the document of the app with problems, sign-in and the idempotency key written in."""
    document = get_openapi(title=app.title, version=app.version, description=app.description, routes=app.routes)
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    problem = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(problem.pop("$defs"))
    schemas["Problem"] = problem
    document["components"]["securitySchemes"] = {
        "token": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "An access token of the OpenID Connect issuer (RFC 9068) for this service",
        }
    }
    by_name = {facts.name: facts for facts in routes.values()}
    for _, method, operation in operations_of(document):
        _complete(operation, method, by_name[operation["operationId"]])
    return document


def operations_of(document: Mapping[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Give address, method and operation of each in the document."""
    for template, item in document["paths"].items():
        for method in _METHODS:
            if method in item:
                yield template, method, item[method]


def _complete(operation: dict[str, Any], method: str, facts: RouteFacts) -> None:
    if method in _CHANGING:
        operation.setdefault("parameters", []).append(_key_parameter())
    statuses = [*_OF_EVERY_ROUTE]
    if facts.permit.signed_in:
        operation["security"] = [{"token": []}]
        statuses += [401, 403]
    statuses += [404, 409]
    responses = operation.setdefault("responses", {})
    statuses += [TOO_OFTEN] if str(TOO_OFTEN) in responses else []  # a route says this itself
    for status in sorted(statuses):
        responses[str(status)] = _problem_answer(status)


def _problem_answer(status: int) -> dict[str, Any]:
    return {
        "description": _PROBLEMS[status],
        "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
    }


def _key_parameter() -> dict[str, Any]:
    return {
        "name": "Idempotency-Key",
        "in": "header",
        "required": False,
        "description": "The same request with the same key is done once and gets the first answer again",
        "schema": {"type": "string", "minLength": 1, "maxLength": LONGEST_KEY, "pattern": "^[!-~]+$"},
    }


_STYLE = (
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1b1b1b}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;vertical-align:top;padding:.4rem .6rem;"
    "border-bottom:1px solid #ccc}code{font-family:ui-monospace,monospace}"
)
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
PAGE_POLICY: Final = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)


def documents_page(
    document: Mapping[str, Any], routes: Mapping[Callable[..., Any], RouteFacts], *, address: str
) -> str:
    """Return a page that lists the operations, who may use each, and where the document is."""
    permits = {facts.name: facts.permit for facts in routes.values()}
    rows = "\n".join(
        f"<tr><td><code>{method.upper()}</code></td><td><code>{escape(template)}</code></td>"
        f"<td>{escape(operation.get('summary', ''))}"
        f"{'<br>' + escape(operation['description']) if operation.get('description') else ''}</td>"
        f"<td>{escape(', '.join(map(str, permits[operation['operationId']].who())))}</td></tr>"
        for template, method, operation in operations_of(document)
    )
    title = escape(str(document["info"]["title"]))
    return f"""<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{title}</title>
<style>{_STYLE}</style></head>
<body><main>
<h1>{title}</h1>
<p>The whole document, for programs: <a href="{escape(address)}">{escape(address)}</a> (OpenAPI 3.1).
Errors are <code>application/problem+json</code> (RFC 9457), in Swedish or English by <code>Accept-Language</code>.</p>
<table><thead><tr><th scope="col">Method</th><th scope="col">Address</th><th scope="col">What it does</th>
<th scope="col">Who may</th></tr></thead><tbody>
{rows}
</tbody></table>
</main></body></html>
"""
