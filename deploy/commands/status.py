"""Show each part of the system on this folder: up or down, address, version, memory, and what waits in its queues.

Of an installation on other machines it shows what the environment names: its databases, Kafka, and what waits there.

Ends with 0 when every part is up, with 1 otherwise.
"""

import json as to_json
from typing import TYPE_CHECKING, Annotated

import typer

from deploy.embedded.home import Home, home_folder

if TYPE_CHECKING:
    from deploy.embedded.status import SystemStatus


def status(*, json: Annotated[bool, typer.Option(help="One JSON document instead of tables.")] = False) -> None:
    import asyncio
    import logging

    from deploy.embedded.status import system_status

    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)  # the table says what does not answer
    found = asyncio.run(system_status(Home(home_folder())))
    if json:
        typer.echo(to_json.dumps(found.as_dict(), indent=2))
    else:
        _print(found)
    raise typer.Exit(0 if found.state == "up" else 1)


def _print(found: "SystemStatus") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    if not found.parts:
        console.print(f"Nothing runs on {found.home}.")
        return
    parts = Table("part", "state", "address", "version", "process", "memory MB", "restarts", title=found.origin)
    for part in found.parts:
        colour = "green" if part.state == "up" else "red"
        numbers = (str(part.pid or "-"), "-" if part.memory_mb is None else f"{part.memory_mb:.0f}", str(part.restarts))
        parts.add_row(part.name, f"[{colour}]{part.state}[/]", part.address, part.version, *numbers)
    parts.add_section()
    parts.add_row("all", found.state, "", "", "", f"{found.memory_mb:.0f}", "")
    console.print(parts)
    if not found.queues:
        return
    queues = Table("service", "outbox rows waiting", "dead letters", "parked keys", "stopped keys")
    for service, counts in found.queues.items():
        cells = [counts] if isinstance(counts, str) else [str(count) for count in counts.values()]
        queues.add_row(service, *cells)
    console.print(queues)
    if isinstance(found.lag, str):
        console.print(f"Consumers' lag is unknown: {found.lag}")
        return
    lag = Table("consumer group", "records behind")
    for group, behind in found.lag.items():
        lag.add_row(group, str(behind))
    console.print(lag)
