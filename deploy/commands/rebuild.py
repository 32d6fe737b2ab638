"""Empty a service's copies and rebuild them from the state topics, while everything goes on.

Shows what each table held before and holds after. It changes nothing where a topic is not whole.
"""

from typing import Annotated

import typer

_SERVICES = ("notification", "procurement")


def rebuild(service: Annotated[str, typer.Argument(help=f"One of {', '.join(_SERVICES)}.")]) -> None:
    import asyncio
    from importlib import import_module

    from deploy.messaging import open_service_database, running_settings
    from shared.messaging.copies import CopyKeeper
    from shared.messaging.rebuild import NotWhole, Rebuilt
    from shared.messaging.rebuild import rebuild as rebuild_copies

    if service not in _SERVICES:
        raise typer.BadParameter(f"{service} is none of {', '.join(_SERVICES)}")
    copies = import_module(f"services.{service}.copies")

    async def run() -> Rebuilt:
        settings = running_settings()
        database = open_service_database(service)
        try:
            keeper = CopyKeeper(copies.COPIES, database, settings.make_clock())
            return await rebuild_copies(keeper, copies.COPY_TABLES, settings)
        finally:
            await database.close()

    try:
        done = asyncio.run(run())
    except NotWhole as error:
        typer.echo(f"Nothing was changed: copies that are held are missing on these topics: {error}", err=True)
        for topic in sorted(error.short):
            typer.echo(f"First do: kurslots republish {topic}", err=True)
        raise typer.Exit(1) from error
    typer.echo(f"{service}: rebuilt from {done.states} states and {done.graves} graves")
    for table, before in done.before.items():
        after = done.after[table]
        verdict = "the same" if after == before else "mended"
        typer.echo(
            f"{table}: before {before.rows} rows {before.digest}, after {after.rows} rows {after.digest}: {verdict}"
        )
