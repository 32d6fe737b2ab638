"""Forgetting by age goes in small steps: none of them holds many rows, and nobody waits for one."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError

from shared.db import Database
from shared.messaging import purge as purging
from shared.messaging.purge import INBOX_DAYS, purge
from tests.support.messaging import rows_of

_OLD = text(f"""
    INSERT INTO inbox (message_id, consumer, seen_at)
    SELECT gen_random_uuid(), 'effects', clock_timestamp() - interval '{INBOX_DAYS + 1} days'
      FROM generate_series(1, :count)
""")  # noqa: S608 - a number of ours
_NEW = "INSERT INTO inbox (message_id, consumer) VALUES (gen_random_uuid(), 'effects')"


async def _age(database: Database, count: int) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(_OLD, {"count": count})


@pytest.mark.parametrize("step", [200, 100_000])
async def test_a_purge_of_many_rows_holds_few_at_a_time(database: Database, step: int) -> None:
    """With one huge step it would hold them all: the control."""
    await _age(database, 2050)
    held: list[int] = []

    def note(_connection: Any, cursor: Any, statement: str, *_: object) -> None:  # noqa: ANN401 - SQLAlchemy's own
        if statement.lstrip().startswith("DELETE FROM inbox"):
            held.append(cursor.rowcount)

    commits = _count_commits(database)
    event.listen(database.engine.sync_engine, "after_cursor_execute", note)
    assert await purge(database, step=step) == 2050
    assert sum(held) == 2050
    assert max(held) == min(step, 2050)
    assert commits() >= len(held)
    assert (len(held) == 11) is (step == 200)


def _count_commits(database: Database) -> Callable[[], int]:
    counted = [0]

    def note(_connection: Any) -> None:  # noqa: ANN401 - SQLAlchemy's own
        counted[0] += 1

    event.listen(database.engine.sync_engine, "commit", note)
    return lambda: counted[0]


async def test_a_step_in_hand_keeps_nobody_from_taking_messages(database: Database) -> None:
    await _age(database, 500)
    aged = purging._AGED[0]
    async with database.engine.connect() as purger:
        gone = await purger.execute(aged.step(), {"days": aged.days, "step": 500})
        assert gone.rowcount == 500
        async with database.engine.begin() as taker:
            await taker.exec_driver_sql("SET LOCAL lock_timeout = '200ms'")
            await taker.exec_driver_sql(_NEW)
        await purger.rollback()
    assert len(await rows_of(database, "SELECT message_id FROM inbox")) == 501


async def test_one_that_locked_the_table_would(database: Database) -> None:
    async with database.engine.connect() as purger:
        await purger.exec_driver_sql("LOCK TABLE inbox IN SHARE MODE")
        async with database.engine.connect() as taker:
            await taker.exec_driver_sql("SET lock_timeout = '200ms'")
            with pytest.raises(DBAPIError, match="lock timeout"):
                await taker.exec_driver_sql(_NEW)
