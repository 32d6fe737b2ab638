"""Which requests look alike, so that an officer sees what may be one purchase. Pure; she decides.

Alike: one buyer, project and language; a word of the subject in common; places that can be reached by all; and wished
times that overlap. What is looked for is too much rather than too little.
"""

import re
from collections.abc import Sequence
from datetime import date
from functools import lru_cache
from typing import Final, Protocol, TypeVar
from uuid import UUID

_WORD: Final = re.compile(r"[^\W\d_]{4,}")
_STEM: Final = 5  # "svetsning", "svetsutbildning" and "svetsa" share their beginning
# words that say that it is training, not in what
_SAY_NOTHING: Final = frozenset(
    {"grund", "kurs", "kurse", "utbil", "forts", "påbyg", "steg", "inom", "till", "från", "med", "samt", "train"}
    | {"cours", "basic", "advan", "with", "from", "intro", "anstä", "perso", "våra", "gener"}
)
_EVERYWHERE: Final = "digital"
_COUNTY: Final = 2  # the first digits of a municipality's code


class Wish(Protocol):
    """What is compared of a request."""

    @property
    def request_id(self) -> UUID: ...
    @property
    def buyer_id(self) -> UUID: ...
    @property
    def project_id(self) -> UUID: ...
    @property
    def title(self) -> str: ...
    @property
    def mode(self) -> str: ...
    @property
    def municipality(self) -> str: ...
    @property
    def language(self) -> str: ...
    @property
    def wished_from(self) -> date | None: ...
    @property
    def wished_to(self) -> date | None: ...


W = TypeVar("W", bound=Wish)


@lru_cache(maxsize=4_096)
def subject_stems(title: str) -> frozenset[str]:
    """Return the beginnings of the words that say what the training is about."""
    return frozenset(word[:_STEM] for word in _WORD.findall(title.casefold())) - _SAY_NOTHING


def are_alike(one: Wish, other: Wish) -> bool:
    """Whether two requests may be one purchase."""
    return (
        (one.buyer_id, one.project_id, one.language) == (other.buyer_id, other.project_id, other.language)
        and bool(subject_stems(one.title) & subject_stems(other.title))
        and _same_place(one, other)
        and _same_time(one, other)
    )


def groups_alike(wishes: Sequence[W]) -> list[list[W]]:
    """Return groups of two or more requests that are alike, each request in one group at most, in their order."""
    groups: list[list[W]] = []
    for wish in wishes:
        group = next((group for group in groups if any(are_alike(wish, other) for other in group)), None)
        if group is None:
            groups.append([wish])
        else:
            group.append(wish)
    return [group for group in groups if len(group) > 1]


def _same_place(one: Wish, other: Wish) -> bool:
    if _EVERYWHERE in (one.mode, other.mode):
        return one.mode == other.mode
    return one.municipality[:_COUNTY] == other.municipality[:_COUNTY]


def _same_time(one: Wish, other: Wish) -> bool:
    """Whether the wished times overlap; one that is left open overlaps with any."""
    return (one.wished_from or date.min) <= (other.wished_to or date.max) and (other.wished_from or date.min) <= (
        one.wished_to or date.max
    )
