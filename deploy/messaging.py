"""What commands about messaging need of the services: their lists and their databases.

A service's lists are found in its `worker` module by their names: REACTIONS, COPIES, TIMERS, STATES.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from types import ModuleType

import typer

from deploy.embedded.environment import SERVICES, database_name, running_environment
from deploy.embedded.home import Home, home_folder
from shared.db import Database, open_database
from shared.messaging.settled import ServicePart
from shared.settings import SharedSettings


def running_settings() -> SharedSettings:
    """Take the settings of the environment, or of the system that runs on this folder, into the environment."""
    if any(database_name(service) not in os.environ for service in SERVICES):
        home = Home(home_folder())
        if not home.is_locked():
            raise typer.BadParameter(f"No system runs on {home.folder}, and no databases are named in the environment")
        os.environ.update(running_environment(home, os.environ))
    return SharedSettings()


def service_worker(service: str) -> ModuleType:
    """Return the module that holds a service's lists."""
    return import_module(f"services.{service}.worker")


def open_service_database(service: str) -> Database:
    """Return a service's database."""
    return open_database(os.environ[database_name(service)], name="kurslots command", pool_size=1)


@asynccontextmanager
async def service_parts(settings: SharedSettings) -> AsyncIterator[list[ServicePart]]:
    """Give what must be known of each service to see whether it is settled."""
    clock = settings.make_clock()
    parts = []
    for service in SERVICES:
        worker = service_worker(service)
        database = open_service_database(service)
        parts.append(ServicePart(service, database, worker.REACTIONS, worker.COPIES, worker.TIMERS, clock))
    try:
        yield parts
    finally:
        for part in parts:
            await part.database.close()
