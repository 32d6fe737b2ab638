"""What an SMS counts as, and what can come of sending: pure, from 3GPP TS 23.038 and the providers' own words."""

from dataclasses import dataclass
from enum import StrEnum
from math import ceil
from typing import Final

GSM_7: Final = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_7_EXTENDED: Final = frozenset("€[]{}\\^~|\f")
_GSM_7_SINGLE = 160
_GSM_7_PART = 153
_UCS_2_SINGLE = 70
_UCS_2_PART = 67

# Typographic characters that would move a whole text to UCS-2, and the plain ones that say the same.
_PLAIN: Final = str.maketrans(
    {
        "\N{EN DASH}": "-",
        "\N{EM DASH}": "-",
        "\N{MINUS SIGN}": "-",
        "\N{HYPHEN}": "-",
        "\N{NON-BREAKING HYPHEN}": "-",
        "\N{RIGHT DOUBLE QUOTATION MARK}": '"',
        "\N{LEFT DOUBLE QUOTATION MARK}": '"',
        "\N{DOUBLE LOW-9 QUOTATION MARK}": '"',
        "\N{RIGHT-POINTING DOUBLE ANGLE QUOTATION MARK}": '"',
        "\N{LEFT-POINTING DOUBLE ANGLE QUOTATION MARK}": '"',
        "\N{RIGHT SINGLE QUOTATION MARK}": "'",
        "\N{LEFT SINGLE QUOTATION MARK}": "'",
        "\N{ACUTE ACCENT}": "'",
        "`": "'",
        "\N{HORIZONTAL ELLIPSIS}": "...",
        "\N{BULLET}": "-",
        "\N{NO-BREAK SPACE}": " ",
        "\N{NARROW NO-BREAK SPACE}": " ",
        "\N{THIN SPACE}": " ",
        "\t": " ",
    }
)


def plain_for_sms(text: str) -> str:
    """Return the text with typographic characters replaced by plain ones; letters are left as they are."""
    return text.translate(_PLAIN)


def is_gsm_7(text: str) -> bool:
    """Whether every character is in the GSM-7 alphabet or its extension table."""
    return all(character in GSM_7 or character in GSM_7_EXTENDED for character in text)


def parts_of(text: str) -> int:
    """Return how many parts an SMS is sent and paid as.

    GSM-7: 160 characters in one, else 153 in each; a character of the extension table counts two and is never split.
    One other character moves the whole text to UCS-2: 70 units in one, else 67 in each; a surrogate pair is not split.
    """
    if is_gsm_7(text):
        sizes = [2 if character in GSM_7_EXTENDED else 1 for character in text]
        return _parts(sizes, single=_GSM_7_SINGLE, part=_GSM_7_PART)
    sizes = [2 if ord(character) > 0xFFFF else 1 for character in text]  # noqa: PLR2004 - the end of the basic plane
    return _parts(sizes, single=_UCS_2_SINGLE, part=_UCS_2_PART)


def _parts(sizes: list[int], *, single: int, part: int) -> int:
    if sum(sizes) <= single:
        return 1
    if max(sizes) == 1:
        return ceil(len(sizes) / part)
    parts, free = 1, part
    for size in sizes:
        if size > free:
            parts, free = parts + 1, part
        free -= size
    return parts


class Result(StrEnum):
    """What came of one attempt to send."""

    ACCEPTED = "accepted"
    TEMPORARY = "temporary"
    PERMANENT = "permanent"
    TECHNICAL = "technical"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a channel says of one attempt.

    `cause` is a short code for logs, rows and the history, never an address. `bad_address`: the receiving side says
    that the address does not exist. `cost` is in 1/10 000 SEK.
    """

    result: Result
    cause: str | None = None
    bad_address: bool = False
    provider_id: str | None = None
    parts: int | None = None
    cost: int | None = None
