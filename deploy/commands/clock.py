"""Show or step the business time of an embedded system; machine time is never stepped."""

from datetime import datetime, timedelta
from typing import Annotated

import typer

from deploy.embedded.home import Home, home_folder
from shared.kernel.calendar import STOCKHOLM
from shared.kernel.clock import machine_now, read_offset, write_offset


def clock(
    *,
    at: Annotated[str | None, typer.Option(help="What it shall be in Sweden, as 2026-11-23T10:00")] = None,
    forward: Annotated[int | None, typer.Option(help="Minutes to step forward.")] = None,
    reset: Annotated[bool, typer.Option("--reset", help="The machine's time again.")] = False,
) -> None:
    file = Home(home_folder()).clock
    if not file.parent.exists():
        typer.echo(f"There is no embedded system in {file.parent}. Start one with `kurslots up`.", err=True)
        raise typer.Exit(1)
    if reset:
        write_offset(file, timedelta(0))
    elif at is not None:
        try:
            wished = datetime.fromisoformat(at)
        except ValueError:
            typer.echo(f"{at!r} is no time. Write it as 2026-11-23T10:00.", err=True)
            raise typer.Exit(2) from None
        write_offset(file, wished.replace(tzinfo=wished.tzinfo or STOCKHOLM) - machine_now())
    elif forward is not None:
        write_offset(file, read_offset(file) + timedelta(minutes=forward))
    now = (machine_now() + read_offset(file)).astimezone(STOCKHOLM)
    typer.echo(f"Business time is {now:%Y-%m-%d kl. %H.%M.%S} in Sweden.")
