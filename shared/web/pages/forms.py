"""Forms: what was typed, what is wrong with it, and the way of a form post to a command and on to its result.

    @router.post("/runs/{run_id}/book")
    async def send_booking(request: Request, run_id: UUID, session: ReadSession) -> Response:
        async def command(context: CommandContext, body: BookSeats) -> BookingView: ...

        again = partial(_booking_page, request, session, run_id)
        return await take_form(request, BookSeats, command, done="/booking/bookings", again=again)

A page that looks at a form before it is carried out reads it itself with `read_form`, and hands it over in the model's
place.

Nothing that was typed is lost, and a form that is sent twice is carried out once.
"""

import io
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import NoneType, UnionType
from typing import Annotated, Any, Final, Generic, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import Response

from shared.kernel.errors import KurslotsError, NotAllowed, NotFound, NotSignedIn
from shared.kernel.ids import new_id
from shared.kernel.texts import N_, Text
from shared.web.bodies import Body
from shared.web.database_errors import told_of_database
from shared.web.edge import CommandContext, run_command
from shared.web.pages.rendering import see_other
from shared.web.pages.rows import is_row_field, rows_in
from shared.web.problems import told_of
from shared.web.validation import field_errors

TOKEN_FIELD: Final = "_csrf"  # noqa: S105 - the name of a field
KEY_FIELD: Final = "_key"
_NOTHING_WAS_TRIED: Final = frozenset({429, 503})
_OWN_FIELDS: Final = frozenset({TOKEN_FIELD, KEY_FIELD})
_MISSING: Final = N_("Fill this in.")
_SENT_BEFORE: Final = N_(
    "This form was already sent once, with other content, and that was carried out. Send it again to do this as well."
)

B = TypeVar("B", bound=Body)


@dataclass
class Form(Generic[B]):
    """What was typed, by field; the body it makes, if it makes one; and what is wrong."""

    typed: Mapping[str, Sequence[str]] = field(default_factory=dict)
    body: B | None = None
    errors: dict[str, list[Text]] = field(default_factory=dict)
    general: list[Text] = field(default_factory=list)
    key: str = field(default_factory=lambda: str(new_id()))
    status: int = 200

    def value(self, name: str, otherwise: object = "") -> str:
        """Return what was typed in the field, or what it begins with."""
        given = self.typed.get(name)
        return given[-1] if given else "" if self.typed else str(otherwise)

    def values(self, name: str) -> Sequence[str]:
        """Return everything that was chosen in a field of several values."""
        return self.typed.get(name, ())

    @property
    def has_errors(self) -> bool:
        """Whether anything is wrong."""
        return bool(self.errors or self.general)

    def refuse(self, error: KurslotsError) -> None:
        """Take up an error of the command, at its field where it names one that the form has."""
        told = told_of(error)
        self.status = told.status if told.status in _NOTHING_WAS_TRIED else 422
        for wrong in told.errors:
            self.errors.setdefault(wrong.field, []).append(wrong.text)
        if not told.errors:
            self.general.append(told.text)


async def read_form(request: Request, model: type[B]) -> Form[B]:
    """Return the form that was sent, with its body or with what is wrong; raises nothing for a wrong value."""
    data = await sent_fields(request)
    typed = _texts_in(data)
    form: Form[B] = Form(typed=typed, key=_key_in(data))
    rows = rows_in(typed, model, _plain_values)
    try:
        form.body = model.model_validate({**_plain_values(typed, model), **rows.values})
    except ValidationError as error:
        form.status = 422
        errors = [{**one, "loc": ("form", *rows.place(one["loc"]))} for one in error.errors()]
        for wrong in field_errors(errors):
            text = Text(_MISSING) if wrong.code == "missing" else wrong.text
            form.errors.setdefault(wrong.field, []).append(text)
    return form


async def sent_fields(request: Request) -> FormData:
    """Return the fields of a form as they were sent; its body can still be read after."""
    kept: FormData | None = getattr(request.state, "sent_fields", None)
    if kept is None:
        await request.body()  # kept, where reading the form alone would use it up
        sent = await request.form()
        kept = FormData([(name, await _in_memory(value)) for name, value in sent.multi_items()])
        request.state.sent_fields = kept
    return kept


async def _in_memory(value: UploadFile | str) -> UploadFile | str:
    """Return a file as bytes, as its size allows: one on the disk somebody would have to close at the end."""
    if isinstance(value, str):
        return value
    content = await value.read()
    await value.close()
    return UploadFile(io.BytesIO(content), size=len(content), filename=value.filename)


def _texts_in(data: FormData) -> dict[str, list[str]]:
    """Return what was typed, by field; a file is not among it (`sent_file`)."""
    texts: dict[str, list[str]] = {}
    for name, value in data.multi_items():
        if name not in _OWN_FIELDS and isinstance(value, str):
            texts.setdefault(name, []).append(value)
    return texts


async def sent_file(request: Request, name: str) -> bytes:
    """Return the file that was sent in a field; nothing where none was chosen."""
    file = (await sent_fields(request)).get(name)
    return await file.read() if isinstance(file, UploadFile) else b""


def _key_in(data: FormData) -> str:
    sent = data.get(KEY_FIELD)
    return sent if isinstance(sent, str) and sent else str(new_id())


def _plain_values(typed: Mapping[str, Sequence[str]], model: type[Body]) -> dict[str, object]:
    """Return what a program would have sent: an empty field is left out, a box that is not ticked is False."""
    plain: dict[str, object] = {}
    for name, values in typed.items():
        if is_row_field(name):
            continue
        known = model.model_fields.get(name)
        filled = [value for value in values if value.strip()]
        if known is not None and _takes(known.annotation, (list, tuple, set, frozenset)):
            plain[name] = filled
        elif filled:
            plain[name] = filled[-1]
    for name, known in model.model_fields.items():
        if name not in plain and known.is_required():
            if _takes(known.annotation, (bool,)):
                plain[name] = False
            elif _takes(known.annotation, (list, tuple, set, frozenset)):
                plain[name] = []
    return plain


def _takes(annotation: Any, kinds: tuple[type, ...]) -> bool:  # noqa: ANN401 - an annotation may be anything
    origin = get_origin(annotation)
    if origin is Annotated:
        return _takes(get_args(annotation)[0], kinds)
    if origin in (Union, UnionType):
        return any(_takes(part, kinds) for part in get_args(annotation) if part is not NoneType)
    return origin in kinds or annotation in kinds


async def take_form(
    request: Request,
    sent: type[B] | Form[B],
    command: Callable[[CommandContext, B], Awaitable[BaseModel | None]],
    *,
    done: str | Callable[[Any], str],
    again: Callable[[Form[B]], Awaitable[Response]],
) -> Response:
    """Carry out what the form asks for and lead on to `done`, or show the form `again` with what was wrong.

    `sent` is the model of its body, or the form where the page has read it already. `done` may be made from the
    command's answer. Who may not do it, or does not see the thing, is told so on a page.
    """
    form = sent if isinstance(sent, Form) else await read_form(request, sent)
    body = form.body
    if body is None:
        return await again(form)
    try:
        answer = await run_command(request, lambda context: command(context, body), key=form.key)
    except (NotSignedIn, NotAllowed, NotFound):
        raise
    except Exception as error:
        refused = error if isinstance(error, KurslotsError) else told_of_database(error)
        if refused is None:
            raise
        if refused.code == "idempotency_key_reused":
            form.general.append(Text(_SENT_BEFORE))
            form.status, form.key = 422, str(new_id())
        else:
            form.refuse(refused)
        return await again(form)
    if isinstance(done, str):
        return see_other(done)
    return see_other(done(json.loads(bytes(answer.body)) if answer.body else None))
