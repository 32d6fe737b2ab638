"""What a reader has chosen for herself on this device: language and colours, each in a cookie that holds only that."""

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import Final, Literal, cast

from starlette.responses import Response

from shared.web.languages import Language, accepted_language

Colours = Literal["light", "dark", "system"]
LANGUAGE_COOKIE: Final = "kurslots_language"
COLOURS_COOKIE: Final = "kurslots_colours"
_KEPT_SECONDS: Final = 365 * 24 * 3600
_COLOURS: Final = ("light", "dark", "system")


def cookies_in(header: str | None) -> Mapping[str, str]:
    """Return the cookies of a Cookie header; one that cannot be read holds none."""
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header or "").items()}
    except CookieError:
        return {}


def chosen_language(cookie_header: str | None, accept_header: str | None) -> Language:
    """Return the language that the reader chose, or else the one that her browser asks for."""
    chosen = cookies_in(cookie_header).get(LANGUAGE_COOKIE)
    return cast(Language, chosen) if chosen in ("sv", "en") else accepted_language(accept_header)


def chosen_colours(cookie_header: str | None) -> Colours:
    """Return the colours that the reader chose; those of her system where she did not."""
    chosen = cookies_in(cookie_header).get(COLOURS_COOKIE)
    return cast(Colours, chosen) if chosen in _COLOURS else "system"


def keep_choice(response: Response, name: str, value: str, *, secure: bool) -> None:
    """Keep a choice for a year, for every service at this address."""
    response.set_cookie(name, value, max_age=_KEPT_SECONDS, path="/", secure=secure, httponly=True, samesite="lax")


def own_path(text: str, *, otherwise: str) -> str:
    """Return the text if it is an address below this one's root, so that nobody is led elsewhere."""
    is_own = text.startswith("/") and not text.startswith(("//", "/\\")) and "\\" not in text and text.isprintable()
    return text if is_own else otherwise
