"""What booking's tables share: their base class, the columns of a history, and how a row is locked.

A version counts the changes that an aggregate has told; a change by a form says which version it saw.
"""

from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import BigInteger, Identity, MetaData, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import NAMING, UtcDateTime, swedish_text
from shared.kernel.errors import Conflict
from shared.kernel.texts import N_

Row = TypeVar("Row")


class BookingTable(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """The base of every table of booking."""


def moment(**keywords: Any) -> Any:  # noqa: ANN401 - a pydantic field stands for whatever its annotation says
    """Return a column of instants."""
    return Field(sa_type=UtcDateTime, **keywords)


def prose(**keywords: Any) -> Any:  # noqa: ANN401 - a column's own keywords
    """Return a column of text."""
    return Field(sa_type=Text, **keywords)


def sorted_text(**keywords: Any) -> Any:  # noqa: ANN401 - a column's own keywords
    """Return a column of text that people see sorted, å ä ö at the end."""
    return Field(sa_type=swedish_text(), **keywords)


class HistoryColumns(BookingTable):
    """The columns of a history: who changed what, when, from what to what, and why. Rows are added, never changed.

    `actor_id` is the person; none where the system did it (a data file, a message from another service).
    """

    id: int | None = Field(
        default=None, primary_key=True, sa_type=BigInteger, sa_column_kwargs={"server_default": Identity(always=True)}
    )
    at: datetime = moment()
    actor_id: UUID | None = None
    change: str = prose()
    before: str | None = prose(default=None)
    after: str | None = prose(default=None)
    reason: str | None = prose(default=None)


async def locked(session: AsyncSession, table: type[Row], key: object) -> Row | None:
    """Return the row as it is once every earlier change has ended, locked until this transaction does."""
    return await session.get(table, key, with_for_update=True, populate_existing=True)


def check_version(seen: int, version: int) -> None:
    """Raise Conflict where somebody else has changed the thing since it was read."""
    if seen != version:
        raise Conflict(
            N_("This was changed by somebody else: you saw version {seen}, and it is now {version}. Reload it."),
            code="version_passed",
            field="version",
            seen=seen,
            version=version,
        )
