"""Bring the tables of one service, or of all, to their newest form.

On the databases in the environment (BOOKING_DATABASE_URL and so on), or those of the system that runs on this folder.
"""

import os
from typing import Annotated

import typer

from deploy.embedded.environment import SERVICES, database_name, running_environment
from deploy.embedded.home import Home, home_folder


def migrate(
    service: Annotated[str | None, typer.Argument(help=f"One of {', '.join(SERVICES)}; all when left out.")] = None,
) -> None:
    import asyncio

    from shared.migrations import migrate as migrate_database

    if service is not None and service not in SERVICES:
        raise typer.BadParameter(f"{service} is none of {', '.join(SERVICES)}")
    wanted = [service] if service else list(SERVICES)
    settings: dict[str, str] = dict(os.environ)
    if any(database_name(name) not in settings for name in wanted):
        home = Home(home_folder())
        if not home.is_locked():
            raise typer.BadParameter(f"No system runs on {home.folder}, and no database is named in the environment")
        settings = running_environment(home, os.environ)
    for name in wanted:
        asyncio.run(migrate_database(name, settings[database_name(name)]))
        typer.echo(f"{name}: newest tables")
