"""What makes wishes for training alike: what they are about, where, and when. Pure; people decide what to make of it.

What is looked for is too much rather than too little.
"""

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import lru_cache
from typing import Final, TypeVar

_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_STEM: Final = 5  # "svetsning", "svetsutbildning" and "svetsa" share their beginning
# words that say that it is training, not in what
_SAY_NOTHING: Final = frozenset(
    {"grund", "kurs", "kurse", "utbil", "forts", "påbyg", "steg", "inom", "till", "från", "med", "samt", "train"}
    | {"cours", "basic", "advan", "with", "from", "intro", "anstä", "perso", "våra", "gener"}
)
_COUNTY: Final = 2  # the first digits of a municipality's code

T = TypeVar("T")


@lru_cache(maxsize=4_096)
def subject_stems(title: str) -> frozenset[str]:
    """Return the beginnings of the words that say what a training is about."""
    return frozenset(word[:_STEM] for word in _WORD.findall(title.casefold())) - _SAY_NOTHING


def same_subject(one: str, other: str) -> bool:
    """Whether two titles have a word of their subject in common."""
    return bool(subject_stems(one) & subject_stems(other))


def same_county(one: str, other: str) -> bool:
    """Whether two municipality codes are of one county."""
    return one[:_COUNTY] == other[:_COUNTY]


def periods_overlap(one: tuple[date | None, date | None], other: tuple[date | None, date | None]) -> bool:
    """Whether two periods, each from and to, overlap; one that is left open at an end reaches on."""
    return (one[0] or date.min) <= (other[1] or date.max) and (other[0] or date.min) <= (one[1] or date.max)


def groups_alike(items: Sequence[T], are_alike: Callable[[T, T], bool]) -> list[list[T]]:
    """Return groups of two or more that are alike, each item in one group at most, in their order."""
    groups: list[list[T]] = []
    for item in items:
        group = next((group for group in groups if any(are_alike(item, other) for other in group)), None)
        if group is None:
            groups.append([item])
        else:
            group.append(item)
    return [group for group in groups if len(group) > 1]
