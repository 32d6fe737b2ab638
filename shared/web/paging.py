"""Keyset paging: a page says after which row the next one begins, so rows that come or go move nothing.

    page = await page_of(session, select(Run), [col(Run.starts_at), col(Run.id)], query, keys=sort_keys)
    return Page(items=[run_view(run) for run in page.rows], next=page.next)

The last sort column must be unique. A cursor holds the keys of the last row alone; what may be seen is the query's.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import ColumnElement, and_, literal, or_, tuple_
from sqlalchemy.types import TypeDecorator
from sqlmodel.ext.asyncio.session import AsyncSession
from sqlmodel.sql.expression import Select, SelectOfScalar

from shared.kernel.errors import InvalidInput
from shared.kernel.texts import N_

LARGEST_PAGE: Final = 200
USUAL_PAGE: Final = 50
_LONGEST_CURSOR = 1_000

T = TypeVar("T")
Row = TypeVar("Row")


class Page(BaseModel, Generic[T]):
    """One page of a list; `next` is absent on the last."""

    model_config = ConfigDict(frozen=True)

    items: list[T]
    next: str | None = Field(default=None, description="Give it as `after` to get the next page")


class PageFilter(BaseModel):
    """The query parameters of a list: `page_query.PageQuery`, or a subclass with filters of its own in `Query()`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: str | None = Field(
        default=None, max_length=_LONGEST_CURSOR, pattern=r"^[A-Za-z0-9_-]+$", description="`next` of the page before"
    )
    limit: int = Field(default=USUAL_PAGE, ge=1, le=LARGEST_PAGE, description="How many at most")


@dataclass(frozen=True)
class Rows(Generic[Row]):
    """The rows of one page and the cursor of the next."""

    rows: Sequence[Row]
    next: str | None


async def page_of(
    session: AsyncSession,
    statement: Select[*tuple[Any, ...]] | SelectOfScalar[Row],
    columns: Sequence[Any],
    query: PageFilter,
    *,
    keys: Callable[[Row], Sequence[object]],
    descending: bool = False,
) -> Rows[Row]:
    """Return the page of `statement` that `query` asks for, sorted by `columns`.

    `keys` gives a row's values of `columns`, which must not be null. Raises InvalidInput for a cursor not of this list.
    """
    if query.after is not None:
        statement = statement.where(_beyond(columns, read_cursor(query.after, columns), descending=descending))
    order = [column.desc() if descending else column.asc() for column in columns]
    found: list[Any] = list((await session.exec(statement.order_by(*order).limit(query.limit + 1))).all())
    rows = found[: query.limit]
    more = len(found) > query.limit
    return Rows(rows, write_cursor(keys(rows[-1])) if more else None)


def _beyond(columns: Sequence[Any], values: Sequence[object], *, descending: bool) -> ColumnElement[bool]:
    bound = [literal(value, type_=column.type) for column, value in zip(columns, values, strict=True)]
    if len(columns) == 1:
        return and_(columns[0] < bound[0] if descending else columns[0] > bound[0])
    left, right = tuple_(*columns), tuple_(*bound)
    return or_(left < right if descending else left > right)


def write_cursor(values: Sequence[object]) -> str:
    """Return the opaque text that stands for these sort keys."""
    packed = json.dumps([_packed(value) for value in values], separators=(",", ":"), ensure_ascii=False)
    return base64.urlsafe_b64encode(packed.encode()).decode().rstrip("=")


def read_cursor(cursor: str, columns: Sequence[Any]) -> tuple[object, ...]:
    """Return the sort keys that a cursor stands for; raises InvalidInput where it is not one of these columns."""
    try:
        packed = list(json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))))
        return tuple(_unpacked(value, _kind(column)) for value, column in zip(packed, columns, strict=True))
    except (ValueError, TypeError, binascii.Error, InvalidOperation, OverflowError, RecursionError) as error:
        raise InvalidInput(
            N_("`after` is not a cursor of this list. Use `next` of the page before, or leave it out."),
            code="bad_cursor",
            field="after",
        ) from error


def _kind(column: Any) -> type[object]:  # noqa: ANN401 - a column or an attribute of a mapped class
    # a decorated type (UtcDateTime) does not say its own kind
    plain: Any = column.type.impl if isinstance(column.type, TypeDecorator) else column.type
    kind: type[object] = plain.python_type
    return kind


def _packed(value: object) -> object:
    if value is None:
        raise ValueError("a sort key is null")
    if type(value) in (bool, int, str):
        return value
    if isinstance(value, (datetime, date)):
        return value.isoformat()
    return str(value)


def _unpacked(value: object, kind: type[object]) -> object:
    if kind in (bool, int):
        if type(value) is not kind or not -(2**63) <= int(value) < 2**63:
            raise ValueError("not a number of the list")
        return value
    if not isinstance(value, str) or "\x00" in value:
        raise ValueError("not a text")
    value.encode()
    if kind is datetime:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            raise ValueError("no time zone")
        return moment
    if kind is date:
        return date.fromisoformat(value)
    if kind is UUID:
        return UUID(value)
    if kind is Decimal:
        number = Decimal(value)
        if not number.is_finite():
            raise ValueError("not a finite number")
        return number
    return value
