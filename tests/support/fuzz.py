"""Asks every operation of a service with right and wrong input, and compares each answer with its OpenAPI document.

    def test_every_answer_is_as_documented(url: str, issuer: LocalIssuer) -> None:
        app = create_app(settings_for(BookingSettings, url, issuer), issuer_transport=issuer.transport)
        with fuzzing():
            token = issuer.token("lead.dalarna", "booking")
            seen = check_operations(app, "booking", token=token, known={"project_id": project_id})
        assert set(seen) == set(operation_names(app))

schemathesis runs the app, lifespan and all, on an event loop of its own thread: give it an app that no other test asks,
and run the test as a plain function.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import islice
from typing import Any, Final

import schemathesis
from fastapi import FastAPI
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import load_all_checks
from schemathesis.core.result import Ok
from schemathesis.python import asgi
from schemathesis.specs.openapi import checks

from shared.web.documents import operations_of

_MODES: Final = (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE)


def operation_names(app: FastAPI) -> list[str]:
    """Return the names of all operations of the app's document, for parametrize."""
    return [operation["operationId"] for _, _, operation in operations_of(app.openapi())]


@contextmanager
def fuzzing() -> Iterator[None]:
    """End the lifespans that schemathesis began, so that pools are closed before their database goes."""
    try:
        yield
    finally:
        asgi.shutdown_lifespans()


def check_operations(
    app: FastAPI,
    service: str,
    *,
    token: str | None = None,
    known: Mapping[str, object] | None = None,
    examples: int = 8,
    only: str | None = None,
) -> dict[str, set[int]]:
    """Ask each operation (or `only` one) in about three times `examples` ways; return the statuses seen by operation.

    `known` are ids of things that are there, put into the path of every right request so that it gets beyond the gate.
    Raises at the first answer that is 5xx, not documented, or not as documented.
    """
    schema = schemathesis.openapi.from_asgi(f"/{service}/api/v1/openapi.json", app)
    headers = {"accept-language": "en"} | ({"authorization": f"Bearer {token}"} if token else {})
    seen: dict[str, set[int]] = {}
    for found in schema.get_all_operations():
        assert isinstance(found, Ok), found
        operation = found.ok()
        name = operation.definition.raw["operationId"]
        if only is None or name == only:
            seen[name] = _check_operation(operation, headers, known or {}, examples)
    return seen


def _check_operation(
    operation: Any,  # noqa: ANN401 - schemathesis's operation has five type parameters
    headers: dict[str, str],
    known: Mapping[str, object],
    examples: int,
) -> set[int]:
    seen: set[int] = set()

    def ask(case: schemathesis.Case[Any]) -> None:
        response = case.call(headers=headers)
        seen.add(response.status_code)
        case.validate_response(response, checks=_checks(), headers=headers)
        if response.status_code >= 400:
            assert response.headers["content-type"] == ["application/problem+json"], response.headers

    path = {name: str(value) for name, value in known.items() if f"{{{name}}}" in operation.path}
    for mode in _MODES:
        fixed = {"path_parameters": path} if path and mode.is_positive else {}
        bounded = settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        bounded(given(case=operation.as_strategy(mode, **fixed))(ask))()
    config = operation.schema.config.generation_for(operation=operation)
    modes = list(_MODES)
    cases = operation.schema.iter_coverage_cases(operation, generation_modes=modes, generation_config=config)
    for case in islice(cases, examples):
        ask(case)
    return seen


def _checks() -> list[Any]:
    load_all_checks()
    return [
        schemathesis.checks.CHECKS.get_one("not_a_server_error"),
        checks.status_code_conformance,
        checks.content_type_conformance,
        checks.response_headers_conformance,
        checks.response_schema_conformance,
        checks.negative_data_rejection,
    ]
