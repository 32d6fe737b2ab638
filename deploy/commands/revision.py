"""`kurslots revision SERVICE`: write the migration from what the service's history makes to what its tables say.

The tables are read from the code, the history is run on a PostgreSQL of its own that is gone afterwards.
"""

import asyncio
import tempfile
from pathlib import Path
from typing import Annotated

import typer
from alembic import command
from rich.console import Console

from deploy.embedded import processes
from deploy.embedded.postgres import PostgresServer
from shared.migrations import migrate, migration_config

_FIRST = "0001"


def revision(
    service: Annotated[str, typer.Argument(help="booking, procurement or notification")],
    message: Annotated[str, typer.Option(help="what changes, in a few words")] = "foundation",
    *,
    replace: Annotated[bool, typer.Option(help="write the first migration anew; only before it has been used")] = False,
) -> None:
    """Write a service's next migration."""
    written = asyncio.run(_write(service, message, replace=replace))
    Console().print(f"Wrote {written}. Read it before you commit it: it was made by comparison.")


async def _write(service: str, message: str, *, replace: bool) -> Path:
    versions = Path(migration_config(service, "").get_main_option("script_location") or "") / "versions"
    versions.mkdir(exist_ok=True)
    earlier = sorted(versions.glob("*.py"))
    if replace and len(earlier) > 1:
        raise typer.BadParameter(f"{service} has {len(earlier)} migrations; the first can no longer be replaced")
    if replace:
        for path in earlier:
            path.unlink()
        earlier = []
    number = f"{int(earlier[-1].name[:4]) + 1:04d}" if earlier else _FIRST
    with tempfile.TemporaryDirectory() as folder:
        server = PostgresServer(Path(folder), processes.free_port(), "throwaway", durable=False)
        log = Path(folder) / "log"
        server.prepare(lambda _: None)
        process = processes.start(server.program(), log)
        try:
            await server.wait_ready(process, log)
            url = await server.ensure_database(service, service, "throwaway")
            if earlier:
                await migrate(service, url)
            config = migration_config(service, url)
            config.set_main_option("file_template", "%%(rev)s_%%(slug)s")
            script = await asyncio.to_thread(
                command.revision, config, message=message, autogenerate=True, rev_id=number
            )
        finally:
            process.terminate()
            process.wait()
    assert script is not None
    assert not isinstance(script, list)
    return Path(script.path)
