"""What time causes: due rows are found, and each is run in a transaction of its own.

A row that fails is left alone for a while, longer each time, and holds up no other. `find` sees business time.
"""

from datetime import timedelta
from uuid import UUID

import structlog
from sqlalchemy import text

from shared import metrics
from shared.db import Database
from shared.kernel.clock import Clock
from shared.messaging.failures import cause_of, is_transient
from shared.messaging.reactions import Delivery, Timer, Timers
from shared.tracing import span

log = structlog.get_logger(__name__)

FIND_LIMIT = 100
SHOWN_AFTER_FAILURES = 3
_FIRST_BACK_OFF = timedelta(seconds=2)
_LONGEST_BACK_OFF = timedelta(minutes=30)
_MOST_DOUBLINGS = 10

_LEFT_ALONE = text(
    "SELECT row_id, failures, next_try_at > clock_timestamp() AS waits FROM timer_failures WHERE timer = :timer"
)

_NOTE_FAILURE = text("""
    INSERT INTO timer_failures (timer, row_id, failures, cause, next_try_at)
    VALUES (:timer, :row_id, 1, :cause, clock_timestamp() + :wait)
    ON CONFLICT (timer, row_id) DO UPDATE
       SET failures = timer_failures.failures + 1, cause = excluded.cause, next_try_at = excluded.next_try_at
""")

_FORGET_FAILURE = text("DELETE FROM timer_failures WHERE timer = :timer AND row_id = :row_id")


class TimerRunner:
    """Runs a service's timers."""

    def __init__(self, timers: Timers, database: Database, clock: Clock) -> None:
        self._timers = timers
        self._database = database
        self._clock = clock

    async def run_due(self) -> int:
        """Run everything that is due now; return how many rows were acted on."""
        return sum([await self._run_timer(timer) for timer in self._timers.timers.values()])

    async def count_due(self) -> int:
        """Return how many rows are due now, those that failed and wait left out; at most a hundred a timer."""
        return sum(len(due) for due in (await self.list_due()).values())

    async def list_due(self) -> dict[str, list[UUID]]:
        """Return by timer which rows are due now, those that failed and wait left out; at most a hundred a timer."""
        return {timer.name: (await self._due(timer))[0] for timer in self._timers.timers.values()}

    async def _due(self, timer: Timer) -> tuple[list[UUID], dict[UUID, int]]:
        async with self._database.sessions() as session:
            rows = (await (await session.connection()).execute(_LEFT_ALONE, {"timer": timer.name})).all()
            failures = {row.row_id: row.failures for row in rows}
            waiting = {row.row_id for row in rows if row.waits}
            found = await timer.find(session, self._clock.now(), FIND_LIMIT + len(waiting))
        return [row_id for row_id in found if row_id not in waiting], failures

    async def _run_timer(self, timer: Timer) -> int:
        due, failures = await self._due(timer)
        done = 0
        for row_id in due:
            with span(f"timer {timer.name}", attributes={"kurslots.row.id": str(row_id)}) as work:
                try:
                    await self._run_one(timer, row_id, failed_before=row_id in failures)
                except Exception as error:  # noqa: BLE001 - sorted below
                    work.fail(type(error).__name__)
                    if is_transient(error):
                        log.info("timer_waits", timer=timer.name, row_id=str(row_id), cause=cause_of(error))
                        break
                    await self._note_failure(timer, row_id, failures.get(row_id, 0), error)
                else:
                    done += 1
                    metrics.TIMERS_RUN.labels(self._timers.service, timer.name).inc()
        return done

    async def _run_one(self, timer: Timer, row_id: UUID, *, failed_before: bool) -> None:
        async with self._database.sessions() as session, session.begin():
            await timer.run(Delivery(session, self._clock), row_id)
            if failed_before:
                await (await session.connection()).execute(_FORGET_FAILURE, {"timer": timer.name, "row_id": row_id})

    async def _note_failure(self, timer: Timer, row_id: UUID, before: int, error: Exception) -> None:
        wait = min(_FIRST_BACK_OFF * 2 ** min(before, _MOST_DOUBLINGS), _LONGEST_BACK_OFF)
        cause = cause_of(error)
        async with self._database.sessions() as session, session.begin():
            await (await session.connection()).execute(
                _NOTE_FAILURE, {"timer": timer.name, "row_id": row_id, "cause": cause[:500], "wait": wait}
            )
        metrics.TIMERS_FAILED.labels(self._timers.service, timer.name).inc()
        tell = log.error if before + 1 >= SHOWN_AFTER_FAILURES else log.warning
        tell("timer_failed", timer=timer.name, row_id=str(row_id), failures=before + 1, cause=cause)
