"""A page that only its own person sees, with a form that does something in her name; and a browser's steps to it."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
from fastapi import APIRouter, FastAPI, Request
from starlette.responses import Response

from shared.db import Database
from shared.web.app import create_service_app
from shared.web.authorisation import SELF
from shared.web.bodies import Body
from shared.web.edge import CommandContext
from shared.web.exchange import exchange_of
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render
from tests.shared.web import sample
from tests.support.browser import CodeIssuer
from tests.support.web import settings_for

SECRET = "/sample/secret"
router = APIRouter()


class Nothing(Body):
    """A form with no field of its own."""


@router.get("/secret")
async def show_secret(request: Request) -> Response:
    """Show who is signed in."""
    form: Form[Nothing] = Form()
    return render(request, "secrets/secret.html", form=form, who=exchange_of(request).subject)


@router.post("/secret")
async def do_secret(request: Request) -> Response:
    """Do something in somebody's name."""

    async def command(context: CommandContext, _body: Nothing) -> None:
        done.append(context.subject.sub)

    async def again(_form: Form[Nothing]) -> Response:
        raise AssertionError("an empty form is never wrong")

    return await take_form(request, Nothing, command, done="/sample/secret", again=again)


done: list[str] = []


def create_app(database_url: str, issuer: CodeIssuer, **settings: Any) -> FastAPI:  # noqa: ANN401 - any setting
    done.clear()
    return create_service_app(
        service="sample",
        settings=settings_for(sample.SampleSettings, database_url, issuer, **{"origin": "http://127.0.0.1"} | settings),
        routers=[sample.router],
        permits=sample.PERMITS,
        scopes=sample.SCOPES,
        find_actor=sample.find_actor,
        issuer_transport=issuer.transport,
        pages=[router],
        page_permits={"show_secret": SELF, "do_secret": SELF},
        template_folders={"secrets": Path(__file__).parent / "templates"},
    )


async def begin(page: httpx.AsyncClient, to: str = SECRET) -> str:
    """Begin to sign in, and return where the browser is sent."""
    answer = await page.get("/sample/sign-in", params={"to": to})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


async def see_nobody(page: httpx.AsyncClient) -> None:
    """See that the browser is signed in as nobody."""
    answer = await page.get(SECRET)
    assert (answer.status_code, answer.headers["location"]) == (303, f"/sample/sign-in?to={SECRET.replace('/', '%2F')}")


def see_refused(answer: httpx.Response) -> None:
    assert answer.status_code == 400, answer.text
    assert "You are not signed in" in answer.text
    assert "Traceback" not in answer.text
    assert not [cookie for cookie in answer.headers.get_list("set-cookie") if "session=" in cookie]


async def begin_elsewhere(page: httpx.AsyncClient) -> str:
    """Begin to sign in as if the session's cookie had not been sent, as a second tab did before the first finished."""
    session_id = page.cookies["kurslots_sample_session"]
    page.cookies.delete("kurslots_sample_session")
    begun = await begin(page)
    page.cookies.set("kurslots_sample_session", session_id, domain="127.0.0.1", path="/sample")
    return begun


async def age(database: Database, table: str, column: str, by: timedelta) -> None:
    async with database.engine.begin() as connection:
        await connection.exec_driver_sql(
            f"UPDATE {table} SET {column} = clock_timestamp() - interval '{by.total_seconds()} seconds'"  # noqa: S608
        )
