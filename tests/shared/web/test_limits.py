"""What is too large, of the wrong type or has tricks in it is refused with a clear problem, and nothing is done."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from shared.web.access import AccessMiddleware
from shared.web.languages import Catalogues
from shared.web.limits import LimitsMiddleware
from tests.shared.web import sample
from tests.support.web import LocalIssuer, anonymous_client, problem_of, signed_client

API = "/sample/api/v1"
NOTES = f"{API}/projects/{sample.PROJECT}/notes"


@pytest.fixture
async def lead(app: FastAPI, issuer: LocalIssuer) -> AsyncIterator[httpx.AsyncClient]:
    async with signed_client(app, issuer, "lead") as client:
        yield client


async def test_a_body_that_says_it_is_too_large_is_not_read(lead: httpx.AsyncClient) -> None:
    problem_of(await lead.post(NOTES, json={"title": "x" * 300_000}), 413, "too_large")


async def test_a_body_that_grows_too_large_is_cut_off(lead: httpx.AsyncClient) -> None:
    given = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal given
        while True:
            given += 1
            yield b"x" * 65_536

    answer = await lead.post(NOTES, content=endless(), headers={"content-type": "application/json"})
    problem_of(answer, 413, "too_large")
    assert given < 10


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("text/plain", b"{}"),
        ("application/x-www-form-urlencoded", b"title=x"),
        ("application/json; charset=latin-1", b"{}"),
        ("application/json5", b"{}"),
        ("", b"{}"),
        ("multipart/form-data; boundary=x", b"--x--"),
    ],
)
async def test_another_content_type_is_refused(lead: httpx.AsyncClient, content_type: str, content: bytes) -> None:
    problem_of(await lead.post(NOTES, content=content, headers={"content-type": content_type}), 415, "not_json")


async def test_an_encoded_body_is_refused(lead: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    problem_of(await lead.post(NOTES, content=b"x", headers=headers), 415, "encoded_body")


@pytest.mark.parametrize(
    ("content", "status", "code"),
    [
        (b"{", 400, "json_invalid"),
        (b"[" * 100_000, 400, "unreadable_body"),
        (b"\xff\xfe", 400, "json_invalid"),
        (b'{"title": "\xe5"}', 400, "unreadable_body"),
        (b'{"title": "x", "seats": ' + b"9" * 5_000 + b"}", 400, "unreadable_body"),
        (b"", 422, "invalid_input"),
        (b"[]", 422, "invalid_input"),
        (b'{"title": "x", "seats": NaN}', 422, "invalid_input"),
        (b'{"title": "x", "seats": 1e400}', 422, "invalid_input"),
        (b'{"title": "a\\u0000b"}', 422, "invalid_input"),
        (b'{"title": "a\\ud800b"}', 422, "invalid_input"),
        (b'{"title": "a\\u202eb"}', 422, "invalid_input"),
        (b'{"title": "a\\nb"}', 422, "invalid_input"),
        (b'{"title": "   "}', 422, "invalid_input"),
        (b'{"title": "x", "a\\u0000": 1}', 422, "invalid_input"),
        (b'{"title": "x", "a": ' + b"[" * 50 + b"]" * 50 + b"}", 422, "invalid_input"),
    ],
    ids=str,
)
async def test_a_malformed_body_is_refused(lead: httpx.AsyncClient, content: bytes, status: int, code: str) -> None:
    problem_of(await lead.post(NOTES, content=content, headers={"content-type": "application/json"}), status, code)


@pytest.mark.parametrize(
    "path",
    [
        f"{API}/notes/%00",
        f"{API}/notes/a%0Ab",
        f"{API}/notes/%ff",
        f"{API}/notes/%2e%2e/me",
        f"{API}/notes/..%2fme",
        f"{API}/notes/..%5cme",
        f"{API}/me?x=%00",
        f"{API}/me?x=%ff",
        f"{API}/me?x=%E2%80%AE",
    ],
)
async def test_tricks_in_the_address_are_refused(lead: httpx.AsyncClient, path: str) -> None:
    url = httpx.URL("http://127.0.0.1").copy_with(raw_path=path.encode())
    problem_of(await lead.get(url), 400, "address_malformed")


async def test_what_is_too_long_is_refused(lead: httpx.AsyncClient) -> None:
    problem_of(await lead.get(f"{API}/me?x={'y' * 9_000}"), 414, "address_too_long")
    problem_of(await lead.get(f"{API}/me", headers={"x-long": "y" * 40_000}), 431, "headers_too_large")


async def test_an_unknown_address_and_method_are_problems(lead: httpx.AsyncClient) -> None:
    problem_of(await lead.get(f"{API}/nothing"), 404, "unknown_address")
    problem_of(await lead.get(f"{API}/me/"), 404, "unknown_address")
    answer = await lead.put(f"/sample/api/v1/notes/{sample.PROJECT}")
    problem_of(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "DELETE, GET"
    problem_of(await lead.request("BREW", f"{API}/me"), 405, "method_not_allowed")


async def test_an_unknown_field_is_named_and_no_other_value_told(lead: httpx.AsyncClient) -> None:
    answer = await lead.post(NOTES, json={"title": "x", "titel": "y"})
    problem = problem_of(answer, 422, "invalid_input", field="titel")
    assert problem["detail"] == "titel: There is no field of this name here. Remove it, or correct its name."


async def test_a_wrong_value_is_told_shortened_and_in_the_readers_language(app: FastAPI, issuer: LocalIssuer) -> None:
    async with signed_client(app, issuer, "lead", language="sv-SE,sv;q=0.9,en;q=0.5") as swede:
        problem = problem_of(await swede.post(NOTES, json={"title": "x" * 500, "seats": 0}), 422, "invalid_input")
    assert problem["title"] == "Något i det som skickades är fel"
    assert problem["detail"] == "2 fält är fel; vart och ett anges nedan."
    told = {error["field"]: error for error in problem["errors"]}
    assert told["title"]["message"] == "Det är för långt: högst 200 tecken."
    assert told["title"]["value"] == "x" * 79 + "…"
    assert told["seats"]["message"] == "Det måste vara minst 1."
    assert told["seats"]["value"] == "0"


async def test_the_value_of_a_field_that_may_be_secret_is_not_told(lead: httpx.AsyncClient) -> None:
    answer = await lead.post(NOTES, json={"title": "x", "organisation_number": "19121212-1213"})
    problem = problem_of(answer, 422, "invalid_input", field="organisation_number")
    assert "121212" not in json.dumps(problem)
    assert "organisation number" in problem["detail"]


async def test_limits_come_before_anybody_is_asked_to_sign_in(app: FastAPI) -> None:
    async with anonymous_client(app) as nobody:
        problem_of(await nobody.post(NOTES, content=b"x" * 300_000), 413, "too_large")


@pytest.mark.parametrize(
    ("path", "content_type", "status"),
    [
        ("/hooks/x", "application/x-www-form-urlencoded", 204),
        ("/hooks/x", "application/json", 204),
        ("/hooks/x", "text/plain", 415),
        ("/other", "application/x-www-form-urlencoded", 415),
    ],
)
async def test_a_form_is_taken_only_where_others_choose_how_to_call(path: str, content_type: str, status: int) -> None:
    async def inner(_scope: Any, receive: Any, send: Any) -> None:  # noqa: ANN401 - an ASGI app
        assert (await receive())["body"] == b"a=b"
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    limited = LimitsMiddleware(inner, catalogues=Catalogues([]), form_addresses=("/hooks/",))
    outer = AccessMiddleware(limited, service="sample", routes={})
    async with httpx.AsyncClient(transport=httpx.ASGITransport(outer), base_url="http://127.0.0.1") as client:
        answer = await client.post(path, content=b"a=b", headers={"content-type": content_type})
    assert answer.status_code == status
