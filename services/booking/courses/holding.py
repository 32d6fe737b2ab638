"""Who holds a run, where it names somebody, and what there is to read for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.base import check_version
from services.booking.courses.commands import lock_run
from services.booking.courses.queries import materials_of, summary_of, trainers_named
from services.booking.courses.rules import RUN, RunState, check_not_over
from services.booking.courses.tables import Run, RunHistory, RunMaterial, RunTrainer
from services.booking.people.recipients import recipients, trainers_of
from shared.contracts.booking import RunStaffed
from shared.kernel.clock import Clock
from shared.kernel.errors import InvalidInput, Refused
from shared.kernel.texts import N_
from shared.messaging.outbox import record

MOST_TRAINERS: Final = 20
MOST_MATERIALS: Final = 20


@dataclass(frozen=True, slots=True)
class Material:
    """Something to read, by its address."""

    title: str
    address: str


async def name_trainers(
    session: AsyncSession,
    clock: Clock,
    run_id: UUID,
    people: Sequence[UUID],
    *,
    version: int | None = None,
    by: UUID | None = None,
) -> Run:
    """Let these alone of the project's trainers hold the run, or where nobody is named all; tell those it is new to.

    Raises InvalidInput for somebody who is no trainer of the project, Refused where nothing is new or the run is over,
    Conflict where it was changed meanwhile or is cancelled. Whoever has lost the role may stay named: it opens nothing.
    """
    run = await lock_run(session, run_id)
    if version is not None:
        check_version(version, run.version)
    RUN.check(RunState(run.state), RunState.SCHEDULED)
    now = clock.now()
    check_not_over(run.ends_at, now)
    before, wished = set(await trainers_named(session, run_id)), set(people)
    joined, left = sorted(wished - before), sorted(before - wished)
    if not joined and not left:
        raise Refused(N_("Nothing is new: the same trainers are named."), code="trainers_unchanged")
    if not set(joined) <= set(await trainers_of(session, project_id=run.project_id)):
        raise InvalidInput(
            N_("This person is not a trainer of the project. Give her the role first."),
            code="not_a_trainer",
            field="trainers",
        )
    for person in left:
        await session.delete(await session.get_one(RunTrainer, (run_id, person)))
    session.add_all(RunTrainer(run_id=run_id, person_id=person) for person in joined)
    for change, changed in (("trainer_released", left), ("trainer_named", joined)):
        session.add_all(
            RunHistory(run_id=run_id, at=now, actor_id=by, change=change, after=str(person)) for person in changed
        )
    run.version += 1
    session.add(run)
    await session.flush()
    fact = RunStaffed(
        run_id=run_id,
        project_id=run.project_id,
        run=await summary_of(session, run),
        recipients=recipients("trainer", joined) + recipients("former_trainer", left),
    )
    await record(session, fact, version=run.version, at=now)
    return run


async def keep_materials(
    session: AsyncSession,
    clock: Clock,
    run_id: UUID,
    materials: Sequence[Material],
    *,
    version: int | None = None,
    by: UUID | None = None,
) -> Run:
    """Keep these links for the run, in this order. Nobody is told.

    Also of a run that has been held. Raises Refused where nothing is new, Conflict where it was changed meanwhile or is
    cancelled.
    """
    run = await lock_run(session, run_id)
    if version is not None:
        check_version(version, run.version)
    RUN.check(RunState(run.state), RunState.SCHEDULED)
    rows = await materials_of(session, run_id)
    if [Material(row.title, row.address) for row in rows] == list(materials):
        raise Refused(N_("Nothing is new: the links are as they were."), code="materials_unchanged")
    for row in rows:
        await session.delete(row)
    await session.flush()
    session.add_all(
        RunMaterial(run_id=run_id, position=position, title=each.title, address=each.address)
        for position, each in enumerate(materials, 1)
    )
    kept = RunHistory(run_id=run_id, at=clock.now(), actor_id=by, change="materials", before=str(len(rows)))
    kept.after = str(len(materials))
    run.version += 1
    session.add_all([kept, run])
    await session.flush()
    return run
