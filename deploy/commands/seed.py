"""Fill a project of the running embedded system with invented employers, people and runs, up to its real size.

What they did comes with them: needs, requests, bookings, queues, attendance. The same number draws the same again.
"""

import os
import time
from typing import Annotated

import typer


def seed(
    *,
    employers: Annotated[int, typer.Option(min=1, max=20_000, help="How many employers more.")] = 100,
    persons: Annotated[int, typer.Option(min=1, max=50_000, help="How many people more.")] = 300,
    runs: Annotated[int, typer.Option(min=1, max=5_000, help="How many runs more.")] = 40,
    project: Annotated[str, typer.Option(help="The code of the project.")] = "lyftkraft-dalarna-demo",
    seed: Annotated[int, typer.Option(min=0, max=10**9, help="The number that all is drawn from.")] = 1,
) -> None:
    import uvloop
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

    from deploy.embedded.environment import running_environment
    from deploy.embedded.home import Home, home_folder
    from deploy.seeding.drawn import Wanted
    from deploy.seeding.filling import CannotSeed, fill
    from services.booking.settings import BookingSettings

    home = Home(home_folder())
    if not home.running():
        typer.echo("Nothing runs here. Start the system first: kurslots up", err=True)
        raise typer.Exit(1)
    os.environ.update(running_environment(home, os.environ))
    settings, wanted = BookingSettings(), Wanted(employers, persons, runs)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    tasks: dict[str, TaskID] = {}
    began = time.monotonic()
    with Progress(*columns, console=Console(stderr=True)) as progress:

        def tell(of: str, done: int, whole: int) -> None:
            if of not in tasks:
                tasks[of] = progress.add_task(of, total=whole)
            progress.update(tasks[of], completed=done)

        try:
            filled = uvloop.run(fill(settings, settings.make_clock(), project, wanted, seed, tell))
        except CannotSeed as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None
    seats = sum(group.seats for run in filled.runs for group in run.booked)
    waiting = sum(len(run.waiting) for run in filled.runs)
    attended = sum(len(people) for run in filled.runs for people in run.attended)
    typer.echo(
        f"Added to {project}: {len(filled.employers)} employers, {len(filled.persons)} persons, {len(filled.runs)} runs"
        f" with {seats} booked seats, {waiting} groups that wait and {attended} attendances. It took"
        f" {time.monotonic() - began:.0f} s."
    )
