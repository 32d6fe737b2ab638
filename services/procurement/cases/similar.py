"""Which requests look alike, so that an officer sees what may be one purchase. Pure; she decides.

Alike: sent together by a project; or one buyer, project and language, a word of the subject in common, places that can
be reached by all, and wished times that overlap.
"""

from datetime import date
from typing import Final, Protocol
from uuid import UUID

from shared.kernel.alike import periods_overlap, same_county, same_subject

_EVERYWHERE: Final = "digital"


class Wish(Protocol):
    """What is compared of a request."""

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
    @property
    def pool(self) -> str | None: ...


def are_alike(one: Wish, other: Wish) -> bool:
    """Whether two requests may be one purchase: those that a project sent together are, by its own word."""
    if one.buyer_id == other.buyer_id and one.pool is not None and one.pool == other.pool:
        return True
    return (
        (one.buyer_id, one.project_id, one.language) == (other.buyer_id, other.project_id, other.language)
        and same_subject(one.title, other.title)
        and _same_place(one, other)
        and periods_overlap((one.wished_from, one.wished_to), (other.wished_from, other.wished_to))
    )


def _same_place(one: Wish, other: Wish) -> bool:
    if _EVERYWHERE in (one.mode, other.mode):
        return one.mode == other.mode
    return same_county(one.municipality, other.municipality)
