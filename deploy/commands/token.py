"""Print an access token for one of the ready-made people, to try the interfaces with.

Of the system that runs on this folder (KURSLOTS_HOME), unless `--origin` or KURSLOTS_ORIGIN names another.
"""

import asyncio
from typing import Annotated

import typer

from deploy.embedded.home import Home, home_folder
from deploy.embedded.origin.issuer.clients import CLI_TOKEN_MINUTES, MAX_TOKEN_MINUTES
from deploy.embedded.origin.tokens import NoToken, fetch_token

DEFAULT_ORIGIN = "http://127.0.0.1:8000"


def token(
    person: Annotated[str, typer.Argument(help="Sign-in name of a ready-made person, such as contact.falun.")],
    minutes: Annotated[
        int, typer.Option(min=1, max=MAX_TOKEN_MINUTES, help="How long the token is good.")
    ] = CLI_TOKEN_MINUTES,
    origin: Annotated[
        str | None, typer.Option(envvar="KURSLOTS_ORIGIN", help="Address of the running system.", show_default=False)
    ] = None,
) -> None:
    """Print an access token for a ready-made person, good for all three services."""
    address: str = origin or Home(home_folder()).running().get("origin", DEFAULT_ORIGIN)
    try:
        access_token = asyncio.run(fetch_token(address, person, minutes=minutes))
    except NoToken as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(access_token)
