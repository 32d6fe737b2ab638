"""What somebody chooses to be told, and how: a page of her own."""

from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import Field, StringConstraints
from sqlmodel.ext.asyncio.session import AsyncSession
from starlette.responses import Response

from services.notification import words
from services.notification.base import Holder
from services.notification.kinds import KINDS, ChannelName
from services.notification.recipients import commands
from services.notification.recipients.queries import list_wishes
from shared.web.bodies import Body
from shared.web.edge import CommandContext, CurrentActor, ReadSession
from shared.web.pages.forms import Form, take_form
from shared.web.pages.rendering import render

router = APIRouter()
_ADDRESS = "/notification/mine/preferences"
_CHOICES = tuple((kind.name, channel) for kind in KINDS.values() if not kind.required for channel in kind.channels)

Choice = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,60}:(email|sms)$")]


class PreferencesForm(Body):
    """The kinds and channels that are wished; those that are not named are not."""

    wanted: Annotated[list[Choice], Field(max_length=200)]

    def wishes(self) -> list[tuple[str, ChannelName, bool]]:
        """All that can be wished, and whether it is."""
        chosen = set(self.wanted)
        return [(kind, channel, f"{kind}:{channel}" in chosen) for kind, channel in _CHOICES]


@router.get("/mine/preferences")
async def show_preferences(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    """Show what one is told, and what of it one may do without."""
    return await _page(request, session, actor.person_id, Form())


@router.post("/mine/preferences")
async def send_preferences(request: Request, session: ReadSession, actor: CurrentActor) -> Response:
    """Keep what one wishes to be told."""

    async def command(context: CommandContext, body: PreferencesForm) -> None:
        holder = (Holder.PERSON, context.actor.person_id)
        await commands.set_wishes(context.session, context.clock, holder, body.wishes())

    again = partial(_page, request, session, actor.person_id)
    return await take_form(request, PreferencesForm, command, done=_ADDRESS, again=again)


async def _page(request: Request, session: AsyncSession, person_id: UUID, form: Form[PreferencesForm]) -> Response:
    wishes = await list_wishes(session, Holder.PERSON, person_id)
    wanted = {f"{wish.kind}:{wish.channel}" for wish in wishes if wish.wanted}
    return render(
        request,
        "recipients/preferences.html",
        form=form,
        words=words,
        optional=[kind for kind in KINDS.values() if not kind.required],
        required=[kind for kind in KINDS.values() if kind.required],
        wanted=set(form.values("wanted")) if form.typed else wanted,
        channels=tuple(ChannelName),
    )
