"""Counts the statements that a database is sent, so that a page's cost can be asserted whatever its rows."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import event

from shared.db import Database


@contextmanager
def statements_of(database: Database) -> Iterator[list[str]]:
    """Give the list that every statement sent meanwhile is added to."""
    sent: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_others: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own types
        sent.append(statement)

    event.listen(database.engine.sync_engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(database.engine.sync_engine, "before_cursor_execute", note)
