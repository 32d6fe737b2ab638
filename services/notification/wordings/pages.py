"""How every message is worded: each kind with its texts in both languages, as written and with sample values."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from services.notification import words
from services.notification.kinds import KINDS
from services.notification.wordings.catalogue import Wordings
from services.notification.wordings.forms import LANGUAGES
from services.notification.wordings.samples import UNIVERSAL_SAMPLE, sample_of
from shared.kernel.errors import NotFound
from shared.kernel.texts import N_
from shared.web.exchange import parts_of
from shared.web.pages.rendering import render

router = APIRouter()

KindName = Annotated[str, Path(pattern=r"^[a-z_]{1,60}$")]


@router.get("/wordings")
async def show_wordings(request: Request) -> Response:
    """List the kinds of messages."""
    return render(request, "wordings/list.html", kinds=tuple(KINDS.values()), words=words)


@router.get("/wordings/{kind}")
async def show_wording(request: Request, kind: KindName) -> Response:
    """Show one kind's texts: as its recipient reads them, with made-up values, and as they are written."""
    found = KINDS.get(kind)
    if found is None:
        raise NotFound(N_("There is no such kind of message."), code="not_found")
    wordings: Wordings = request.app.state.wordings
    universal = {**UNIVERSAL_SAMPLE, "origin": parts_of(request).origin}
    sample = sample_of(found)
    return render(
        request,
        "wordings/one.html",
        kind=found,
        words=words,
        texts=[
            (
                language,
                channel,
                wordings.write(kind, channel, language, sample, universal),
                wordings.source(kind, channel, language),
            )
            for language in LANGUAGES
            for channel in found.channels
        ],
    )
