"""What every table of notification builds on: the base class, and columns that the areas write alike."""

from enum import StrEnum
from typing import Any, TypeVar

from sqlalchemy import Column, Enum, MetaData, Text
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from shared.db import NAMING, UtcDateTime

Row = TypeVar("Row")
_STATE_LENGTH = 40


class NotificationTable(SQLModel, registry=registry(metadata=MetaData(naming_convention=NAMING))):
    """The base of every table of notification."""


class Holder(StrEnum):
    """What kind of recipient somebody is."""

    PERSON = "person"
    SUPPLIER = "supplier"


def moment(**options: Any) -> Any:  # noqa: ANN401 - a pydantic field stands for whatever its annotation says
    """Return a column of instants."""
    return Field(sa_type=UtcDateTime, **options)


def prose(**options: Any) -> Any:  # noqa: ANN401 - see above
    """Return a column of text."""
    return Field(sa_type=Text, **options)


def chosen(values: type[StrEnum], **options: Any) -> Any:  # noqa: ANN401 - see above
    """Return a text column that gives back members of `values`; its CHECK is the table's own (`state_check`)."""
    kind = Enum(
        values,
        native_enum=False,
        create_constraint=False,
        length=_STATE_LENGTH,
        values_callable=lambda enum: [member.value for member in enum],
    )
    return Field(sa_column=Column(kind, nullable=False, **options))


async def locked(session: AsyncSession, table: type[Row], key: object) -> Row | None:
    """Return the row as it is once every earlier change has ended, locked until this transaction does."""
    return await session.get(table, key, with_for_update=True, populate_existing=True)
