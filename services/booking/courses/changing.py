"""Changing the terms on which a run is booked and held. Its times and places are changed by `commands.change_run`."""

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version
from services.booking.courses.commands import lock_run
from services.booking.courses.queries import terms_of
from services.booking.courses.rules import RUN, RunState, check_not_begun
from services.booking.courses.tables import Run, RunHistory
from services.booking.courses.terms import Terms, check_terms, next_ask
from shared.kernel.clock import Clock
from shared.kernel.errors import Refused
from shared.kernel.texts import N_


async def change_terms(
    session: AsyncSession,
    clock: Clock,
    run_id: UUID,
    terms: Terms,
    *,
    reason: str,
    version: int | None = None,
    by: UUID | None = None,
) -> Run:
    """Give a run other terms; the history tells each by itself. A new minimum or day is decided on anew.

    Raises Several where they cannot be kept, Refused where nothing is new or the run has begun, Conflict where it was
    changed meanwhile or is cancelled.
    """
    run = await lock_run(session, run_id)
    if version is not None:
        check_version(version, run.version)
    RUN.check(RunState(run.state), RunState.SCHEDULED)
    now = clock.now()
    check_not_begun(run.starts_at, now)
    before = asdict(terms_of(run))
    check_terms(terms, capacity=run.capacity, first_starts_at=run.starts_at, now=now, before=terms_of(run))
    changed = {name: value for name, value in asdict(terms).items() if before[name] != value}
    if not changed:
        raise Refused(N_("Nothing is new: the terms are as they were."), code="terms_unchanged")
    for name, value in changed.items():
        row = RunHistory(run_id=run_id, at=now, actor_id=by, change=name, before=_kept(before[name]))
        row.after, row.reason = _kept(value), reason
        session.add(row)
        setattr(run, name, value)
    if changed.keys() & {"minimum", "decide_on"}:
        run.upheld_at, run.next_check_at = None, next_ask(terms.decide_on, now)
    run.version += 1
    session.add(run)
    await session.flush()
    return run


def _kept(value: int | date | datetime | None) -> str | None:
    if value is None:
        return None
    return str(value) if isinstance(value, int) else value.isoformat()
