"""`python -m deploy.embedded.setup migrate|topics|load|settle`: what must be there before people come.

A process of its own, so that the supervisor does not carry every table and data file in its memory for good.
"""

import asyncio
import hashlib
import os
import sys
from collections.abc import Iterable
from pathlib import Path

from deploy.data_files import DataFileError
from deploy.embedded.environment import SERVICES, database_name

_ROOT = Path(__file__).parents[2]


def sum_of(files: Iterable[Path], *more: str) -> str:
    """Return a short sum over files' contents and other texts: another sum means another set-up."""
    total = hashlib.sha256()
    for text in (*(path.read_bytes() for path in sorted(files)), *(part.encode() for part in more)):
        total.update(hashlib.sha256(text).digest())
    return total.hexdigest()[:16]


def migrations_sum(service: str, url: str) -> str:
    return sum_of((_ROOT / "services" / service / "migrations").rglob("*.py"), url)


def topics_sum(bootstrap: str) -> str:
    said = (_ROOT / "shared" / "contracts" / "topics.py", _ROOT / "shared" / "messaging" / "topics_admin.py")
    return sum_of(said, bootstrap.partition(":")[0])


def data_sum() -> str:
    return sum_of((_ROOT / "deploy").rglob("*.yaml"))


async def migrate_all() -> None:
    """Bring every service's database to its newest tables."""
    from shared.migrations import migrate  # noqa: PLC0415 - only this step needs it

    for service in SERVICES:
        await migrate(service, os.environ[database_name(service)])


async def make_topics() -> None:
    """Make the topics that are missing, and put the settings of the others right."""
    from shared.messaging.topics_admin import (  # noqa: PLC0415 - only this step needs it
        correct_settings,
        create_topics,
        find_drifts,
    )
    from shared.settings import SharedSettings  # noqa: PLC0415 - loaded only where it is used: starting is fast

    settings = SharedSettings()
    await create_topics(settings)
    await correct_settings(settings, await find_drifts(settings))


async def load() -> None:
    """Load projects, people and their catalogues."""
    from deploy.loading import load_all  # noqa: PLC0415 - only this step needs it

    await load_all()


async def settle() -> None:
    """Wait until what was loaded is known to every service: a sign-in is good in all of them, or in none.

    A machine that takes longer than a minute starts all the same; what is still to be told follows by itself.
    """
    from deploy.messaging import service_parts  # noqa: PLC0415 - only this step needs it
    from shared.messaging.settled import NotSettled, wait_until_settled  # noqa: PLC0415 - loaded only where it is used: starting is fast
    from shared.settings import SharedSettings  # noqa: PLC0415 - loaded only where it is used: starting is fast

    settings = SharedSettings()
    async with service_parts(settings) as parts:
        try:
            await wait_until_settled(parts, settings)
        except NotSettled as late:
            sys.stdout.write(f"Still on its way: {'; '.join(late.waits)}\n")


STEPS = {"migrate": migrate_all, "topics": make_topics, "load": load, "settle": settle}

if __name__ == "__main__":
    try:
        asyncio.run(STEPS[sys.argv[1]]())
    except DataFileError as error:
        sys.exit(str(error))
