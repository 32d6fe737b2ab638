"""Load project files, or all that the product ships. Files that are wrong are refused whole; twice changes nothing."""

import asyncio
import os
from pathlib import Path
from typing import Annotated

import typer


def load(
    files: Annotated[list[Path] | None, typer.Argument(exists=True, dir_okay=False)] = None,
    *,
    check: Annotated[bool, typer.Option("--check", help="only say whether the files are right")] = False,
) -> None:
    from deploy.data_files import DataFileError
    from deploy.project_files import read_project_files

    try:
        if check:
            loaded = read_project_files(files)
        else:
            from deploy.embedded.environment import running_environment
            from deploy.embedded.home import Home, home_folder
            from deploy.loading import load_all

            home = Home(home_folder())
            if home.running():
                os.environ.update(running_environment(home, os.environ))
            loaded = asyncio.run(load_all(files))
    except DataFileError as error:
        for fault in error.faults:
            typer.echo(str(fault), err=True)
        typer.echo("Nothing was loaded. Mend the lines above and load again.", err=True)
        raise typer.Exit(1) from None
    for file in loaded:
        typer.echo(f"{'Right' if check else 'Loaded'}: {file.project.name}")
