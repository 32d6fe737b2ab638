"""A list as a file: every row that the filter lets through, as CSV or as a workbook, in the reader's language.

    async def show(employers: Listing[EmployerRow]) -> Response:
        return render(request, "employers/list.html", employers=employers)

    read = partial(queries.list_employers, session, project_id)
    return await show_or_export(request, query, name="employers", columns=COLUMNS, sort="name", read=read, show=show)

`COLUMNS` are `Column(N_("Name"), lambda row: row.name)`. What the page shows and what the file holds come of one read.
"""

import csv
import io
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import Any, Final, Literal, TypeVar

from pydantic import Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from shared.kernel.calendar import STOCKHOLM
from shared.kernel.errors import Refused
from shared.kernel.money import Money
from shared.kernel.texts import N_, Text
from shared.web.exchange import exchange_of, parts_of
from shared.web.languages import Language
from shared.web.pages.lists import Listing
from shared.web.pages.written import machine_time
from shared.web.paging import LARGEST_PAGE, Page, PageFilter, Rows

MOST_ROWS: Final = 50_000
_TYPES: Final = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_TOO_MANY: Final = N_("A file holds {most} rows at most, and this list has more. Filter it first.")
# what a spreadsheet would take for the beginning of a formula (OWASP, CSV injection)
_BEGINS_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")

F = TypeVar("F", bound=PageFilter)
Cell = str | int | float | Decimal | date | datetime | bool | None


class ListFilter(PageFilter):
    """What every list of a page may be asked: words to search for, an order, and to be a file. Empty is not asked."""

    q: str | None = Field(default=None, max_length=100, description="Words to search for")
    sort: str | None = Field(
        default=None, max_length=40, pattern=r"^-?[a-z_]+$", description="A column; minus: falling"
    )
    format: Literal["csv", "xlsx"] | None = Field(default=None, description="Answer with a file of every row")

    @model_validator(mode="before")
    @classmethod
    def _leave_out_what_is_empty(cls, given: Any) -> Any:  # noqa: ANN401 - whatever was sent
        # a form sends every field that it has
        if not isinstance(given, dict):
            return given
        return {name: value for name, value in given.items() if value not in ("", [], [""])}


L = TypeVar("L", bound=ListFilter)


@dataclass(frozen=True)
class Column:
    """A column of a file: its heading, and how a row's value is found."""

    heading: str
    of: Callable[[Any], object]


async def show_or_export(
    request: Request,
    query: L,
    *,
    name: str,
    columns: Sequence[Column],
    read: Callable[[L], Awaitable[Page[Any] | Rows[Any]]],
    show: Callable[[Listing[Any]], Awaitable[Response]],
    sort: str = "",
) -> Response:
    """Answer with the file that is asked for, or with the page that `show` makes of the list.

    `sort` is the order that `read` gives where none is asked for.
    """
    if query.format:
        return await export(request, query, name=name, columns=columns, read=read)
    found = await read(query)
    rows = found if isinstance(found, Rows) else Rows(found.items, found.next)
    return await show(Listing.of(request, rows, shown=rows.rows, name=name, sort=query.sort or sort))


async def export(
    request: Request,
    query: F,
    *,
    name: str,
    columns: Sequence[Column],
    read: Callable[[F], Awaitable[Page[Any] | Rows[Any]]],
) -> Response:
    """Answer with every row of `read` as the file that `query.format` asks for; raises Refused for over `MOST_ROWS`."""
    language = exchange_of(request).language
    catalogues = parts_of(request).catalogues
    headings = [catalogues.message(column.heading, language) for column in columns]
    rows = await _all_rows(query, read)
    cells = [[_cell(_told(request, column.of(row), language)) for column in columns] for row in rows]
    kind = getattr(query, "format", None) or "csv"
    if kind == "xlsx":
        from shared.web.pages.workbook import as_workbook  # noqa: PLC0415 - 5 MB that a process seldom needs

        content = as_workbook(headings, cells)
    else:
        content = _separated(headings, cells, language)
    day = parts_of(request).clock.now().astimezone(STOCKHOLM).date()
    headers = {
        "content-disposition": f'attachment; filename="{name}-{day.isoformat()}.{kind}"',
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
    }
    return Response(content, media_type=_TYPES[kind], headers=headers)


async def _all_rows(query: F, read: Callable[[F], Awaitable[Page[Any] | Rows[Any]]]) -> list[Any]:
    rows: list[Any] = []
    after: str | None = None
    while True:
        page = await read(query.model_copy(update={"after": after, "limit": LARGEST_PAGE}))
        rows += page.items if isinstance(page, Page) else page.rows
        if len(rows) > MOST_ROWS:
            raise Refused(_TOO_MANY, code="too_many_rows", most=MOST_ROWS)
        if page.next is None:
            return rows
        after = page.next


def _told(request: Request, value: object, language: Language) -> object:
    catalogues = parts_of(request).catalogues
    if isinstance(value, Text):
        return catalogues.translate(value, language)
    return catalogues.message(value.value, language) if isinstance(value, Enum) else value


def _cell(value: object) -> Cell:
    match value:
        case None | bool() | int() | float() | Decimal():
            return value
        case Money():
            return value.kronor.quantize(Decimal("0.01"))
        case datetime():
            return value.astimezone(STOCKHOLM).replace(tzinfo=None, microsecond=0)
        case date():
            return value
        case str():
            return f"'{value}" if value.startswith(_BEGINS_FORMULA) else value
        case _:
            return str(value)


def _separated(headings: Sequence[str], rows: Sequence[Sequence[Cell]], language: Language) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=";" if language == "sv" else ",")
    writer.writerow(headings)
    for row in rows:
        writer.writerow([_written(cell, language) for cell in row])
    # with the mark at its beginning spreadsheets read it as UTF-8
    return text.getvalue().encode("utf-8-sig")


def _written(cell: Cell, language: Language) -> object:
    match cell:
        case None:
            return ""
        case bool():
            return int(cell)
        case datetime():
            return cell.strftime("%Y-%m-%d %H:%M")
        case date():
            return machine_time(cell)
        case Decimal() | float():
            return str(cell).replace(".", ",") if language == "sv" else str(cell)
        case _:
            return cell
