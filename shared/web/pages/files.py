"""A text file sent with a form: what it holds takes the place of what was typed in a field, to be mended there.

The whole request is bounded by `shared.web.limits`; a file is read as UTF-8, or as Windows writes it.
"""

from typing import Final, TypeVar

from pydantic import ValidationError
from starlette.requests import Request

from shared.kernel.texts import N_, Text
from shared.web.bodies import Body, forbidden_character
from shared.web.pages.forms import Form, sent_file
from shared.web.validation import field_errors

B = TypeVar("B", bound=Body)
_ENCODINGS: Final = ("utf-8-sig", "cp1252")
_NOT_TEXT: Final = N_("The file is not text. Save the spreadsheet as CSV, and send that.")


async def with_file(request: Request, form: Form[B], model: type[B], *, file: str, field: str) -> Form[B]:
    """Return the form with the text of the file, where one was sent, as what was typed in the field."""
    content = await sent_file(request, file)
    if not content:
        return form
    text = _text_in(content)
    form.errors.pop(field, None)
    if text is None:
        form.body, form.status = None, 422
        form.errors[field] = [Text(_NOT_TEXT)]
        return form
    form.typed = {**form.typed, field: [text]}
    if form.errors:
        return form
    plain = {name: values[-1] for name, values in form.typed.items() if name != file and values and values[-1].strip()}
    try:
        form.body = model.model_validate(plain)
    except ValidationError as error:
        form.body, form.status = None, 422
        for wrong in field_errors([{**one, "loc": ("form", *one["loc"])} for one in error.errors()]):
            form.errors.setdefault(wrong.field, []).append(wrong.text)
    return form


def _text_in(content: bytes) -> str | None:
    """Return the content as text; None where it is none."""
    for encoding in _ENCODINGS:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if forbidden_character(text) else text
    return None
