"""What is wrong with an input, in words: pydantic's kinds of error as messages in the catalogues.

A rule of the kernel (`organisation_number`) is used in a body by `checked`, and keeps its own message.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from shared.kernel.errors import InvalidInput
from shared.kernel.texts import N_, Text
from shared.web.bodies import FORBIDDEN
from shared.web.languages import shortened

_MOST_ERRORS = 50
_SHOWN_VALUE = 80
_SECRET: Final = re.compile(
    r"person_?number|personal|pnr|organisation_number|mail|phone|mobile|password|secret|token|code|given_name"
    r"|family_name|full_name|address|birth|health|diet|allerg|price|ore|bid|box",
    re.IGNORECASE,
)
_TOLD = "told"

_MESSAGES: Final[Mapping[str, str]] = {
    "missing": N_("It is missing; give it."),
    "extra_forbidden": N_("There is no field of this name here. Remove it, or correct its name."),
    "unknown_parameter": N_("There is no parameter of this name here. Remove it, or correct its name."),
    "forbidden_character": N_("It holds the character {code_point}, which cannot be seen or stored. Remove it."),
    "too_deep": N_("It is nested more than {depth} levels deep."),
    "json_invalid": N_("The body is not JSON (character {position})."),
    "string_type": N_("It is not a text."),
    "string_unicode": N_("It holds characters that are not Unicode."),
    "string_too_short": N_("It is too short: at least {min_length} characters."),
    "string_too_long": N_("It is too long: at most {max_length} characters."),
    "string_pattern_mismatch": N_("It is not written as expected (pattern {pattern})."),
    "int_type": N_("It is not a whole number."),
    "int_parsing": N_("It is not a whole number."),
    "int_parsing_size": N_("The number is too large."),
    "int_from_float": N_("It is not a whole number."),
    "float_type": N_("It is not a number."),
    "float_parsing": N_("It is not a number."),
    "finite_number": N_("It is not a finite number."),
    "decimal_type": N_("It is not a decimal number."),
    "decimal_parsing": N_("It is not a decimal number."),
    "decimal_max_digits": N_("It has too many digits: at most {max_digits}."),
    "decimal_max_places": N_("It has too many decimals: at most {decimal_places}."),
    "decimal_whole_digits": N_("It has too many digits before the decimal point: at most {whole_digits}."),
    "greater_than": N_("It must be more than {gt}."),
    "greater_than_equal": N_("It must be at least {ge}."),
    "less_than": N_("It must be less than {lt}."),
    "less_than_equal": N_("It must be at most {le}."),
    "multiple_of": N_("It must be a multiple of {multiple_of}."),
    "bool_type": N_("It is neither true nor false."),
    "bool_parsing": N_("It is neither true nor false."),
    "enum": N_("It is none of: {expected}."),
    "literal_error": N_("It is none of: {expected}."),
    "uuid_type": N_("It is not an id (UUID)."),
    "uuid_parsing": N_("It is not an id (UUID)."),
    "uuid_version": N_("It is not an id (UUID) of the right version."),
    "date_type": N_("It is not a date. Write it as 2026-09-01."),
    "date_parsing": N_("It is not a date. Write it as 2026-09-01."),
    "date_from_datetime_parsing": N_("It is not a date. Write it as 2026-09-01."),
    "date_from_datetime_inexact": N_("It is a time of day; give the date alone, as 2026-09-01."),
    "date_past": N_("It must be a date that has passed."),
    "date_future": N_("It must be a date to come."),
    "datetime_type": N_("It is not a time. Write it as 2026-09-01T10:00:00+02:00."),
    "datetime_parsing": N_("It is not a time. Write it as 2026-09-01T10:00:00+02:00."),
    "datetime_from_date_parsing": N_("It is not a time. Write it as 2026-09-01T10:00:00+02:00."),
    "timezone_aware": N_("It has no time zone. Write it as 2026-09-01T10:00:00+02:00."),
    "time_type": N_("It is not a time of day. Write it as 09:30."),
    "time_parsing": N_("It is not a time of day. Write it as 09:30."),
    "list_type": N_("It is not a list."),
    "set_type": N_("It is not a list."),
    "frozen_set_type": N_("It is not a list."),
    "tuple_type": N_("It is not a list."),
    "dict_type": N_("It is not an object of fields."),
    "model_type": N_("It is not an object of fields."),
    "model_attributes_type": N_("It is not an object of fields."),
    "too_short": N_("It has too few items: at least {min_length}."),
    "too_long": N_("It has too many items: at most {max_length}."),
    "url_parsing": N_("It is not a web address."),
    "url_type": N_("It is not a web address."),
    "url_scheme": N_("It is not a web address that begins with {expected_schemes}."),
    "url_too_long": N_("It is too long: at most {max_length} characters."),
    "union_tag_invalid": N_("{discriminator} is none of: {expected_tags}."),
    "union_tag_not_found": N_("{discriminator} is missing; it says which kind this is."),
}
_OTHERWISE = N_("It is not valid.")


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field: its dotted path, the message, and the value where it is no secret."""

    field: str
    text: Text
    code: str
    value: str | None = None


def checked(rule: Callable[[str], str]) -> AfterValidator:
    """Let a rule of the kernel, which raises InvalidInput, decide on a text field of a body.

    In a class a field of the rule's own name hides it: write `checked(identity.organisation_number)`.
    """
    if not callable(rule):
        raise TypeError("checked() takes a rule; a field of the same name hides it, so name it through its module")

    def check(value: str) -> str:
        try:
            return rule(value)
        except InvalidInput as error:
            raise PydanticCustomError(_TOLD, "{code}", {"code": error.code, "text": error.text}) from error

    return AfterValidator(check)


def field_errors(errors: Iterable[Mapping[str, Any]]) -> list[FieldError]:
    """Return pydantic's errors in our words, at most fifty of them."""
    return [_field_error(error) for error, _ in zip(errors, range(_MOST_ERRORS), strict=False)]


def _field_error(error: Mapping[str, Any]) -> FieldError:
    kind, place = str(error["type"]), error.get("loc", ())
    context: Mapping[str, Any] = error.get("ctx") or {}
    path = _path(place)
    if kind == _TOLD:
        return FieldError(path, context["text"], str(context["code"]), _value(path, error))
    if kind == "json_invalid":
        return FieldError("body", Text(_MESSAGES[kind], {"position": place[-1]}), kind)
    message = _MESSAGES.get(kind, _OTHERWISE)
    fields = {name: value for name, value in context.items() if f"{{{name}}}" in message}
    if not _is_filled(message, fields):
        message, fields = _OTHERWISE, {}
    return FieldError(path, Text(message, fields), kind, _value(path, error))


def _is_filled(message: str, fields: Mapping[str, object]) -> bool:
    return set(re.findall(r"\{(\w+)\}", message)) <= set(fields)


def _path(place: Sequence[str | int]) -> str:
    # the first part says where the value was: body, query, path or header; a person knows fields, not places
    parts = [str(part) for part in place]
    if len(parts) > 1:
        parts = parts[1:]
    return visible(".".join(parts))


def _value(path: str, error: Mapping[str, Any]) -> str | None:
    value = error.get("input")
    if not isinstance(value, (str, int, float, bool)) or _SECRET.search(path):
        return None
    return visible(str(value)) if not isinstance(value, int) or value.bit_length() < 256 else None  # noqa: PLR2004 - a number that is longer is no value that anybody typed


def visible(text: str) -> str:
    """Return the text short and with nothing in it that cannot be shown."""
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", shortened(text, _SHOWN_VALUE))
