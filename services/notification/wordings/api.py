"""The wordings over the API: every kind of notification, its fields, and its texts."""

from fastapi import APIRouter, Request

from services.notification.kinds import KINDS, UNIVERSAL, ChannelName, Form, Kind
from services.notification.wordings.catalogue import Wordings
from services.notification.wordings.forms import LANGUAGES
from shared.web.bodies import View

router = APIRouter(tags=["wordings"])


class FieldView(View):
    """A field that the texts of a kind may use."""

    name: str
    form: Form
    optional: bool


class TextView(View):
    """A text as it is written, its fields in braces; only an e-mail has a subject."""

    language: str
    channel: ChannelName
    subject: str
    text: str


class WordingView(View):
    """A kind of notification."""

    kind: str
    channels: list[ChannelName]
    required: bool
    fields: list[FieldView]
    texts: list[TextView]


class WordingsView(View):
    """All kinds, and the fields that every text may use besides its own."""

    fields: list[FieldView]
    wordings: list[WordingView]


@router.get("/wordings")
async def list_wordings(request: Request) -> WordingsView:
    """List every kind of notification with its fields and texts."""
    wordings: Wordings = request.app.state.wordings
    return WordingsView(
        fields=[FieldView.model_validate(field) for field in UNIVERSAL],
        wordings=[_view(kind, wordings) for kind in KINDS.values()],
    )


def _view(kind: Kind, wordings: Wordings) -> WordingView:
    return WordingView(
        kind=kind.name,
        channels=list(kind.channels),
        required=kind.required,
        fields=[FieldView.model_validate(field) for field in kind.fields],
        texts=[
            TextView(language=language, channel=channel, subject=written.subject, text=written.text)
            for language in LANGUAGES
            for channel in kind.channels
            for written in (wordings.source(kind.name, channel, language),)
        ],
    )
