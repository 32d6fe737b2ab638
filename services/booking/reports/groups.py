"""Which groups results are divided into, and which of them are too small to be told: rules over plain values."""

import re
from collections.abc import Mapping, Sequence
from typing import Final

FEWEST: Final = 5
"""A group of fewer persons is not told by gender or age to whoever may not open the rows."""
_TENS: Final = (20, 30, 40, 50, 60)
_BAND: Final = re.compile(
    r"under (?P<under>\d+)|over (?P<over>\d+)|(?P<first>\d+)–(?P<last>\d+)|(?P<least>\d+) and over"
)


def age_boundaries(bands: str | None) -> Sequence[int]:
    """Return at which ages a band begins, as a fund programme names its bands: "under 18; 18–29; 55 and over".

    What it leaves between two bands is one, too. Without bands of the programme there are ten years in each.
    """
    begins: set[int] = set()
    for found in _BAND.finditer(bands or ""):
        given = {name: int(value) for name, value in found.groupdict().items() if value is not None}
        begins |= {given[name] for name in ("under", "first", "least") if name in given}
        begins |= {given[name] + 1 for name in ("over", "last") if name in given}
    return sorted(begins) or _TENS


def hidden_groups(persons: Mapping[str, int]) -> frozenset[str]:
    """Return the groups of too few persons to be told, by how many each has.

    Where one alone would be left out, the whole would tell how many it has: the smallest of the others goes with it.
    """
    small = {key for key, count in persons.items() if count < FEWEST}
    others = sorted((count, key) for key, count in persons.items() if key not in small)
    if len(small) == 1 and others:
        small.add(others[0][1])
    return frozenset(small)
