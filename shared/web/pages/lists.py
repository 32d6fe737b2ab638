"""What a list on a page needs beside its rows: links that keep its state, how it is sorted, and where it goes on."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar
from urllib.parse import urlencode

from starlette.requests import Request

from shared.web.paging import Rows

Row = TypeVar("Row")
_AFTER: Final = "after"
_OF_THE_PAGE: Final = frozenset({_AFTER, "limit", "sort", "format"})


@dataclass(frozen=True)
class Listing(Generic[Row]):
    """One page of a list as it is shown; `name` is its id on the page, `travelling` asks for nothing and is kept."""

    request: Request
    rows: Sequence[Row]
    next: str | None
    name: str = "list"
    sort: str = ""
    travelling: Collection[str] = ()

    @classmethod
    def of(
        cls,
        request: Request,
        rows: Rows[Any],
        *,
        shown: Sequence[Row],
        name: str = "list",
        sort: str = "",
        travelling: Collection[str] = (),
    ) -> "Listing[Row]":
        """Return the listing of a page that was read; `sort` is the one in force, with a minus before a falling one."""
        return cls(request, shown, rows.next, name, sort, travelling)

    @property
    def is_later(self) -> bool:
        """Whether there are rows before these."""
        return _AFTER in self.request.query_params

    @property
    def first_address(self) -> str:
        """The address of the list's beginning, with the same filter and order."""
        return self.address(after=None)

    @property
    def next_address(self) -> str:
        """The address of the next page."""
        return self.address(after=self.next)

    @property
    def is_filtered(self) -> bool:
        """Whether something was asked for that may have left rows out."""
        beside = _OF_THE_PAGE.union(self.travelling)
        return any(value for name, value in self.request.query_params.items() if name not in beside)

    @property
    def unfiltered_address(self) -> str:
        """The address of the whole list, in the same order."""
        kept = {name: value for name in ("sort", *self.travelling) if (value := self.asked(name))}
        return f"{self.request.url.path}?{urlencode(kept)}" if kept else self.request.url.path

    def asked(self, name: str) -> str:
        """Return what a field of the filter holds."""
        return self.request.query_params.get(name, "")

    def file_address(self, kind: Literal["csv", "xlsx"]) -> str:
        """Return where every row of the list is had as a file."""
        return self.address(format=kind, after=None, limit=None)

    def sort_address(self, name: str) -> str:
        """Return the address of the list sorted by a column, the other way where it is sorted by it already."""
        return self.address(sort=f"-{name}" if self.sort == name else name, after=None)

    def sorted_by(self, name: str) -> Literal["ascending", "descending", ""]:
        """Return how the list is sorted by the column, in ARIA's words."""
        return "ascending" if self.sort == name else "descending" if self.sort == f"-{name}" else ""

    def address(self, **changes: str | None) -> str:
        """Return this list's address with some parameters changed, and those that are None left out."""
        url = self.request.url
        kept = url.remove_query_params(list(changes)).include_query_params(
            **{name: value for name, value in changes.items() if value is not None}
        )
        return f"{kept.path}?{kept.query}" if kept.query else kept.path
