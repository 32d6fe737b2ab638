"""The origin's own texts in the reader's language: English in the source, Swedish in `translations/sv.po`."""

from collections.abc import Callable
from functools import cache
from pathlib import Path

from babel.messages import pofile
from starlette.requests import Request

SWEDISH_FILE = Path(__file__).parent / "translations" / "sv.po"
LANGUAGES = ("sv", "en")

Translate = Callable[..., str]


@cache
def swedish() -> dict[str, str]:
    """Return the Swedish catalogue: message to text."""
    with SWEDISH_FILE.open("rb") as file:
        catalogue = pofile.read_po(file, locale="sv")
    return {str(entry.id): str(entry.string) for entry in catalogue if entry.id}


def translator(language: str) -> Translate:
    """Return a function that gives a message in the language, its named fields filled."""
    catalogue = swedish() if language == "sv" else {}

    def translate(message: str, /, **fields: object) -> str:
        text = catalogue.get(message, message)
        return text.format(**fields) if fields else text

    return translate


def language_of(request: Request) -> str:
    """Return `sv` or `en`: `?lang=` first, then Accept-Language, then Swedish."""
    asked = request.query_params.get("lang", "")
    if asked in LANGUAGES:
        return asked
    weighed: list[tuple[float, str]] = []
    for part in request.headers.get("accept-language", "").split(","):
        tag, _, parameters = part.strip().partition(";")
        primary = tag.lower().partition("-")[0]
        if primary in LANGUAGES:
            weighed.append((_quality(parameters), primary))
    if not weighed:
        return "sv"
    best = max(quality for quality, _ in weighed)
    return next(language for quality, language in weighed if quality == best) if best > 0 else "sv"


def _quality(parameters: str) -> float:
    name, _, value = parameters.strip().partition("=")
    if name != "q":
        return 1.0
    try:
        return float(value)
    except ValueError:
        return 0.0
