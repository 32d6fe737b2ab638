"""The dated figures and codes, read from the files beside this one and checked; none of them is a constant in code."""

import tomllib
from collections.abc import Sequence
from datetime import date
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.kernel.identity import cpv
from shared.web.validation import checked

Figure = Literal["threshold", "threshold_state", "threshold_annex2", "direct", "direct_annex2", "file_note"]
Kronor = Annotated[int, Field(gt=0)]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    valid_from: date
    valid_to: date | None = None
    source: Annotated[str, Field(min_length=3)]

    def holds(self, day: date) -> bool:
        """Whether the row holds on the day."""
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)


class LimitRow(_Row):
    """Figures in whole kronor; none where it is not confirmed."""

    threshold: Kronor | None = None
    threshold_state: Kronor | None = None
    threshold_annex2: Kronor | None = None
    direct: Kronor | None = None
    direct_annex2: Kronor | None = None
    file_note: Kronor | None = None
    euro: dict[Figure, Kronor] = {}
    check_again: tuple[Figure, ...] = ()


class Annex2Row(_Row):
    """A code, or a range of codes, of bilaga 2."""

    first: Annotated[str, checked(cpv), Field(alias="from")]
    last: Annotated[str, checked(cpv)] | None = Field(default=None, alias="to")
    name: str
    confirmed: bool

    def covers(self, code: str) -> bool:
        """Whether a CPV code is the row's code or within its range."""
        return self.first[:8] <= code[:8] <= (self.last or self.first)[:8]


@cache
def limit_rows() -> Sequence[LimitRow]:
    """Return the limits, oldest first. Raises ValueError where two rows hold on one day."""
    rows = [LimitRow.model_validate(row) for row in _read("limits.toml")]
    for earlier, later in pairwise(rows):
        if earlier.valid_to is None or earlier.valid_to >= later.valid_from:
            raise ValueError(f"limits.toml: the rows of {earlier.valid_from} and {later.valid_from} overlap")
    return tuple(rows)


@cache
def annex2_rows() -> Sequence[Annex2Row]:
    """Return the codes of bilaga 2."""
    return tuple(Annex2Row.model_validate(row) for row in _read("annex2.toml"))


def limits_on(day: date) -> LimitRow | None:
    """Return the limits that hold on a day, or None where no row says."""
    return next((row for row in limit_rows() if row.holds(day)), None)


def annex2_row(code: str, day: date) -> Annex2Row | None:
    """Return the row of bilaga 2 that holds a code on a day, a confirmed one first."""
    rows = [row for row in annex2_rows() if row.holds(day) and row.covers(code)]
    return next((row for row in rows if row.confirmed), rows[0] if rows else None)


def _read(name: str) -> list[dict[str, object]]:
    rows: list[dict[str, object]] = tomllib.loads((Path(__file__).parent / name).read_text(encoding="utf-8"))["row"]
    return rows
