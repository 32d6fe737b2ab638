"""Stop the system that runs on this folder (KURSLOTS_HOME), and whatever a killed one left behind."""

import typer

from deploy.embedded.home import Home, home_folder


def down() -> None:
    from deploy.embedded.leftovers import stop_leftovers
    from deploy.embedded.processes import Identity, stop_tree

    home = Home(home_folder())
    if not home.folder.exists():
        typer.echo(f"Nothing runs on {home.folder}.")
        return
    supervisor = home.running().get("supervisor")
    process = Identity(supervisor["pid"], supervisor["made_at"]).find() if supervisor else None
    if process is not None and home.is_locked():
        stop_tree(process, patience_s=20)
    with home.locked():
        left = stop_leftovers(home)
    if process is None and not left:
        typer.echo(f"Nothing runs on {home.folder}.")
    else:
        typer.echo("Stopped.")
