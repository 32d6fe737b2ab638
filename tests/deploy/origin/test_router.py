"""What the router promises: requests and answers pass as they are, streamed, and only what may pass does."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.origin import RunningOrigin, client_of, running_origin, serve, until

TRICKS = [
    "/booking/../procurement/x",
    "/booking/%2e%2e/procurement/x",
    "/booking/.%2E/x",
    "/booking/./x",
    "/booking//x",
    "/booking/a%2fb",
    "/booking/a%5cb",
    "/booking/a\\b",
    "/booking/a%00b",
    "/booking/a%0d%0ab",
    "/booking/a%252fb",
]


class Service:
    """A service behind the router that tells what it got, and whose streams the test holds in its hand."""

    def __init__(self) -> None:
        self.go_on = asyncio.Event()
        self.first_chunk = asyncio.Event()
        self.left = asyncio.Event()

    async def echo(self, request: Request) -> Response:
        body = await request.body()
        return JSONResponse(
            {
                "method": request.method,
                "path": request.scope["raw_path"].decode(),
                "query": request.scope["query_string"].decode(),
                "headers": [[name.decode(), value.decode()] for name, value in request.headers.raw],
                "body": body.decode(),
            },
            headers={"x-kept": "yes", "connection": "x-dropped", "x-dropped": "no"},
        )

    async def events(self, request: Request) -> Response:
        del request

        async def stream() -> AsyncIterator[bytes]:
            try:
                yield b"data: first\n\n"
                await self.go_on.wait()
                yield b"data: last\n\n"
            finally:
                self.left.set()

        return StreamingResponse(stream(), media_type="text/event-stream")

    async def take(self, request: Request) -> Response:
        passed = 0
        async for chunk in request.stream():
            passed += len(chunk)
            self.first_chunk.set()
        return JSONResponse({"bytes": passed})

    async def silent(self, request: Request) -> Response:
        del request
        await self.go_on.wait()
        return Response()

    async def away(self, request: Request) -> Response:
        del request
        return RedirectResponse("https://elsewhere.example/", 303)

    async def sign_in(self, request: Request) -> Response:
        del request
        return Response(headers={"set-cookie": "session=hers; Path=/; HttpOnly"})

    def app(self) -> Starlette:
        return Starlette(
            routes=[
                Route("/booking/events", self.events),
                Route("/booking/take", self.take, methods=["POST"]),
                Route("/booking/silent", self.silent),
                Route("/booking/away", self.away),
                Route("/booking/signed-in", self.sign_in),
                Route("/booking/{rest:path}", self.echo, methods=["GET", "POST", "DELETE", "PATCH"]),
            ]
        )


WithService = Callable[..., AbstractAsyncContextManager[tuple[RunningOrigin, Service]]]


@pytest.fixture
def with_service(tmp_path: Path, origin: RunningOrigin) -> WithService:
    """Run a service behind the module's origin, or behind one of its own with other settings."""

    @asynccontextmanager
    async def run(**settings: object) -> AsyncIterator[tuple[RunningOrigin, Service]]:
        service = Service()
        other = running_origin(tmp_path, at=None, **settings) if settings else nullcontext(origin)
        async with serve(service.app()) as url, other as front:
            front.write_routes({"services": {"booking": {"web": url}}})
            try:
                yield front, service
            finally:
                service.go_on.set()

    return run


async def raw_answer(origin: RunningOrigin, request: bytes) -> bytes:
    reader, writer = await asyncio.open_connection("127.0.0.1", origin.settings.port)
    writer.write(request)
    await writer.drain()
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    return answer


async def test_a_request_and_its_answer_pass_as_they_are(with_service: WithService) -> None:
    async with with_service() as (origin, _):
        answer = await origin.client.post(
            "/booking/api/v1/x%20y?q=%C3%A5&q=2", content=b"body", headers={"x-mine": "1"}
        )
        got = answer.json()
        assert (got["method"], got["path"], got["query"], got["body"]) == (
            "POST",
            "/booking/api/v1/x%20y",
            "q=%C3%A5&q=2",
            "body",
        )
        assert ["x-mine", "1"] in got["headers"]
        assert answer.headers["x-kept"] == "yes"


async def test_headers_for_one_connection_stay_on_it(with_service: WithService) -> None:
    async with with_service() as (origin, _):
        answer = await origin.client.get(
            "/booking/x", headers={"connection": "x-hop", "x-hop": "1", "te": "trailers", "proxy-authorization": "x"}
        )
        names = {name for name, _ in answer.json()["headers"]}
        assert not names & {"x-hop", "te", "proxy-authorization"}
        assert "x-dropped" not in answer.headers


async def test_the_service_learns_who_asked_and_forged_words_are_dropped(with_service: WithService) -> None:
    async with with_service() as (origin, _):
        forged = {"x-forwarded-for": "10.0.0.1", "x-forwarded-host": "evil.example", "forwarded": "for=10.0.0.1"}
        headers = (await origin.client.get("/booking/x", headers=forged)).json()["headers"]
        own = f"127.0.0.1:{origin.settings.port}"
        assert [value for name, value in headers if name == "x-forwarded-for"] == ["127.0.0.1"]
        assert [value for name, value in headers if name == "x-forwarded-host"] == [own]
        assert [value for name, value in headers if name == "host"] == [own]
        assert [value for name, value in headers if name == "x-forwarded-proto"] == ["http"]
        assert not [value for name, value in headers if name == "forwarded"]


async def test_server_sent_events_arrive_one_by_one(with_service: WithService) -> None:
    async with with_service() as (origin, service), origin.client.stream("GET", "/booking/events") as answer:
        chunks = answer.aiter_bytes()
        assert await asyncio.wait_for(anext(chunks), 5) == b"data: first\n\n"
        service.go_on.set()
        assert await asyncio.wait_for(anext(chunks), 5) == b"data: last\n\n"


async def test_a_reader_who_leaves_is_told_to_the_service(with_service: WithService) -> None:
    async with with_service() as (origin, service):
        async with origin.client.stream("GET", "/booking/events") as answer:
            await asyncio.wait_for(anext(answer.aiter_bytes()), 5)
        await asyncio.wait_for(service.left.wait(), 5)


async def test_an_upload_reaches_the_service_before_it_is_whole(with_service: WithService) -> None:
    async with with_service() as (origin, service):

        async def upload() -> AsyncIterator[bytes]:
            yield b"one"
            await asyncio.wait_for(service.first_chunk.wait(), 5)
            yield b"two"

        answer = await origin.client.post("/booking/take", content=upload())
        assert answer.json() == {"bytes": 6}


async def test_a_redirect_is_passed_on_and_not_followed(with_service: WithService) -> None:
    async with with_service() as (origin, _):
        answer = await origin.client.get("/booking/away")
        assert (answer.status_code, answer.headers["location"]) == (303, "https://elsewhere.example/")


async def _cookies_that_another_browser_sends(origin: RunningOrigin) -> list[str]:
    async with client_of(origin.url) as one, client_of(origin.url) as another:
        signed_in = await one.get("/booking/signed-in")
        assert signed_in.headers["set-cookie"] == "session=hers; Path=/; HttpOnly"
        assert ["cookie", "session=hers"] in (await one.get("/booking/x")).json()["headers"]
        got = (await another.get("/booking/x")).json()["headers"]
    return [value for name, value in got if name == "cookie"]


async def test_a_cookie_that_one_browser_is_given_is_not_sent_for_another(with_service: WithService) -> None:
    async with with_service() as (origin, _):
        assert await _cookies_that_another_browser_sends(origin) == []


async def test_a_client_that_keeps_cookies_would_send_them_for_another(with_service: WithService) -> None:
    async with with_service(answer_seconds=30.0) as (origin, _):
        origin.origin.client.cookies = httpx.Cookies()
        assert await _cookies_that_another_browser_sends(origin) == ["session=hers"]


async def test_a_body_that_says_it_is_too_large_is_refused(with_service: WithService) -> None:
    async with with_service(max_body_bytes=1024) as (origin, _):
        answer = await origin.client.post("/booking/take", content=b"x" * 1025)
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
        assert (await origin.client.post("/booking/take", content=b"x" * 1024)).json() == {"bytes": 1024}


async def test_a_body_that_grows_too_large_is_refused(with_service: WithService) -> None:
    async with with_service(max_body_bytes=1024) as (origin, _):

        async def upload() -> AsyncIterator[bytes]:
            for _ in range(8):
                yield b"x" * 512

        answer = await origin.client.post("/booking/take", content=upload())
        assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")


async def test_a_service_that_is_slow_is_named(with_service: WithService) -> None:
    async with with_service(answer_seconds=0.2) as (origin, _):
        answer = await origin.client.get("/booking/silent", headers={"accept-language": "en"})
        assert (answer.status_code, answer.json()["code"]) == (504, "part_slow")
        assert "booking" in answer.json()["detail"]


async def test_a_path_that_could_mean_two_things_is_refused(with_service: WithService) -> None:
    async with with_service() as (origin, _):
        host = f"127.0.0.1:{origin.settings.port}"
        answers = {
            path: await raw_answer(origin, f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
            for path in TRICKS
        }
    assert not [path for path, answer in answers.items() if not answer.startswith(b"HTTP/1.1 400 ")]


async def test_without_a_route_the_part_is_named_in_the_readers_language(origin: RunningOrigin) -> None:
    for language, words in (("sv", "Tjänsten booking körs inte"), ("en", "The service booking is not running")):
        answer = await origin.client.get("/booking/x", headers={"accept-language": language})
        assert answer.status_code == 502
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "part_away"
        assert answer.json()["detail"].startswith(words)


async def test_a_service_that_has_gone_is_named(origin: RunningOrigin) -> None:
    async with serve(Service().app()) as url:
        origin.write_routes({"services": {"booking": {"web": url}}})
        assert (await origin.client.get("/booking/x")).status_code == 200
    answer = await origin.client.get("/booking/x")
    assert (answer.status_code, answer.json()["code"]) == (502, "part_away")


async def test_a_service_that_breaks_off_is_named(origin: RunningOrigin) -> None:
    async def break_off(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readline()
        writer.close()

    async with await asyncio.start_server(break_off, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        origin.write_routes({"services": {"booking": {"web": f"http://127.0.0.1:{port}"}}})
        answer = await origin.client.get("/booking/x")
    assert (answer.status_code, answer.json()["code"]) == (502, "part_broke_off")


async def test_a_changed_route_is_taken_up(origin: RunningOrigin) -> None:
    async def says(words: str) -> bool:
        answer = await origin.client.get("/booking/who")
        return answer.text == words

    def named(words: str) -> Starlette:
        async def who(request: Request) -> Response:
            del request
            return Response(words)

        return Starlette(routes=[Route("/booking/who", who)])

    async with serve(named("one")) as one, serve(named("two")) as two:
        origin.write_routes({"services": {"booking": {"web": one}}})
        await until(lambda: says("one"))
        origin.write_routes({"services": {"booking": {"web": two}}})
        await until(lambda: says("two"))


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ("{", "Expecting"),
        ("[]", "an object"),
        (json.dumps({"services": {"booking": {"web": "ftp://x"}}}), "ftp://x"),
        (json.dumps({"services": {"billing": {}}}), "billing"),
        (json.dumps({"services": {"booking": {"cron": "http://127.0.0.1:1"}}}), "cron"),
        (json.dumps({"parts": {"kafka": ["nowhere"]}}), "nowhere"),
    ],
)
async def test_a_broken_route_file_is_reported_and_the_last_good_one_used(
    document: str, words: str, origin: RunningOrigin
) -> None:
    async with serve(Service().app()) as url:
        origin.write_routes({"services": {"booking": {"web": url}}})
        assert (await origin.client.get("/booking/x")).status_code == 200
        origin.settings.routes.write_text(document, encoding="utf-8")
        assert (await origin.client.get("/booking/x")).status_code == 200
        health = await origin.client.get("/health")
        assert health.status_code == 503
        assert words in health.json()["routes"]


@pytest.mark.parametrize("path", ["/", "/booking/x", "/issuer/people", "/sent/emails"])
async def test_another_hosts_name_is_refused(path: str, origin: RunningOrigin) -> None:
    answer = await origin.client.get(path, headers={"host": f"evil.example:{origin.settings.port}"})
    assert (answer.status_code, answer.json()["code"]) == (421, "host_unknown")


async def test_what_is_not_there_is_a_problem(origin: RunningOrigin) -> None:
    nowhere = await origin.client.get("/nowhere")
    assert (nowhere.status_code, nowhere.json()["code"]) == (404, "not_found")
    wrong_method = await origin.client.post("/health")
    assert (wrong_method.status_code, wrong_method.json()["code"]) == (405, "method_not_allowed")
    assert wrong_method.headers["allow"]


async def test_the_origins_own_pages_take_small_bodies_only(origin: RunningOrigin) -> None:
    answer = await origin.client.post("/issuer/token", content=b"x" * 70_000)
    assert (answer.status_code, answer.json()["code"]) == (413, "body_too_large")
