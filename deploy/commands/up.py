"""Start everything on this machine and keep it running until Ctrl-C.

A part of your own takes the place of ours when its address is in the environment: KAFKA_BOOTSTRAP,
BOOKING_DATABASE_URL, PROCUREMENT_DATABASE_URL, NOTIFICATION_DATABASE_URL, OIDC_ISSUER, SMTP_URL, SMS_URL.
"""

import os
from typing import Annotated

import typer

from deploy.embedded.home import Home, HomeInUseError, home_folder


def up(
    port: Annotated[
        int, typer.Option(envvar="KURSLOTS_PORT", min=1, max=65535, help="Port of the one address.")
    ] = 8000,
) -> None:
    from deploy.embedded.screen import Screen
    from deploy.embedded.up import run_up

    screen = Screen()
    try:
        code = run_up(Home(home_folder()), port, os.environ, screen)
    except HomeInUseError as error:
        screen.trouble(str(error))
        code = 1
    raise typer.Exit(code)
