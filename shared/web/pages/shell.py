"""The pages that every service has: what a reader chooses for herself, and how accessible the portal is."""

from typing import Final, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response

from shared.web.authorisation import PUBLIC, Permits
from shared.web.bodies import Body
from shared.web.exchange import parts_of
from shared.web.pages.choices import COLOURS_COOKIE, LANGUAGE_COOKIE, keep_choice, own_path
from shared.web.pages.forms import read_form
from shared.web.pages.rendering import render, see_other

PERMITS: Final[Permits] = {"choose": PUBLIC, "show_accessibility_statement": PUBLIC}

router = APIRouter()


class Choice(Body):
    """What is chosen, and the page that it was chosen on."""

    language: Literal["sv", "en"] | None = None
    colours: Literal["light", "dark", "system"] | None = None
    to: str = Field(default="/", max_length=2_000)


@router.post("/choose")
async def choose(request: Request) -> Response:
    """Keep the reader's choice of language or colours, and lead back."""
    form = await read_form(request, Choice)
    parts = parts_of(request)
    start = f"/{parts.service}/"
    answer = see_other(own_path(form.body.to, otherwise=start) if form.body else start)
    if form.body is not None:
        secure = parts.origin.startswith("https://")
        if form.body.language is not None:
            keep_choice(answer, LANGUAGE_COOKIE, form.body.language, secure=secure)
        if form.body.colours is not None:
            keep_choice(answer, COLOURS_COOKIE, form.body.colours, secure=secure)
    return answer


@router.get("/accessibility")
async def show_accessibility_statement(request: Request) -> Response:
    """Say how accessible the portal is, and what to do about what is not."""
    return render(request, "shell/accessibility.html")
