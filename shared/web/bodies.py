"""Bodies of requests: every field known, every text bounded, nothing invisible in it.

A body derives from `Body`; its text fields are `Line`, `Paragraph`, `LongText` or a bounded type of their own.
"""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from shared.kernel.texts import N_

LINE_LENGTH: Final = 200
PARAGRAPH_LENGTH: Final = 4_000
LONG_TEXT_LENGTH: Final = 20_000
LARGEST_INTEGER: Final = 2**31 - 1
LARGEST_ORE: Final = 10**15

# Controls other than tab and line break, lone surrogates, and marks that turn the reading order around.
FORBIDDEN: Final = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)
_DEEPEST = 20
_SHOWN_FORBIDDEN = N_("It holds the character {code_point}, which cannot be seen or stored. Remove it.")
_SHOWN_DEPTH = N_("It is nested more than {depth} levels deep.")


def forbidden_character(text: str) -> str | None:
    """Return the first character that no text may hold, as `U+0000`, or None."""
    found = FORBIDDEN.search(text)
    return None if found is None else f"U+{ord(found.group()):04X}"


def _refuse_forbidden(value: object, depth: int = 0) -> None:
    if depth > _DEEPEST:
        raise PydanticCustomError("too_deep", _SHOWN_DEPTH, {"depth": _DEEPEST})
    if isinstance(value, str):
        if code_point := forbidden_character(value):
            raise PydanticCustomError("forbidden_character", _SHOWN_FORBIDDEN, {"code_point": code_point})
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _refuse_forbidden(key, depth + 1)
            _refuse_forbidden(item, depth + 1)
    elif isinstance(value, list):
        for item in value:
            _refuse_forbidden(item, depth + 1)


class Body(BaseModel):
    """What a request may hold: unknown fields, invisible characters and numbers without an end are refused."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _nothing_invisible(cls, value: Any) -> Any:  # noqa: ANN401 - the raw input, before anything is known of it
        _refuse_forbidden(value)
        return value


class View(BaseModel):
    """What an answer holds; made from a row or put together by a query."""

    model_config = ConfigDict(from_attributes=True, frozen=True)


def own_id(name: str) -> Any:  # noqa: ANN401 - a pydantic field stands for whatever its annotation says
    """Return the field of a view's own id: named by its kind as in events and addresses, read from a row's `id`."""
    return Field(validation_alias=AliasChoices(name, "id"))


def _text(longest: int, shortest: int = 1) -> Any:  # noqa: ANN401 - pydantic's constraint objects have no common type
    return StringConstraints(strip_whitespace=True, min_length=shortest, max_length=longest)


_no_line_break = Field(pattern=r"^[^\r\n\t]*$")

Line = Annotated[str, _text(LINE_LENGTH), _no_line_break]
Paragraph = Annotated[str, _text(PARAGRAPH_LENGTH)]
LongText = Annotated[str, _text(LONG_TEXT_LENGTH)]
Reason = Annotated[str, _text(PARAGRAPH_LENGTH, shortest=3)]
Count = Annotated[int, Field(ge=1, le=100_000)]
Whole = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
Ore = Annotated[int, Field(ge=0, le=LARGEST_ORE)]
Version = Annotated[int, Field(ge=0, le=LARGEST_INTEGER)]
