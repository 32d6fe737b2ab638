"""`python -m deploy.embedded.origin`: runs the origin on loopback until it is told to stop.

The SMS gateway's account comes from SMS_USER and SMS_PASSWORD, which the notification service has too; a password on
a command line could be read by every user of the machine.
"""

import argparse
import logging
import os
import sys
from ipaddress import ip_address
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from deploy.embedded.origin.app import create_app
from deploy.embedded.origin.settings import OriginSettings
from shared.log import configure_logging

_STOP_SECONDS = 1
_KEEP_ALIVE_SECONDS = 75  # longer than clients keep a connection: they must be the ones to close it
# Their lines hold tokens, addresses of people and secret receipt addresses.
_QUIET_LOGGERS = ("authlib", "httpx", "httpcore", "mail.log", "uvicorn.error")


def main(arguments: list[str] | None = None) -> int:
    """Read the arguments and serve; returns the exit code."""
    settings = _read_settings(arguments)
    configure_logging("origin", level=os.environ.get("LOG_LEVEL", "info").lower())
    for name in _QUIET_LOGGERS:
        logging.getLogger(name).setLevel(logging.WARNING)
    config = server_config(create_app(settings))
    config.host, config.port = settings.host, settings.port
    uvicorn.Server(config).run()
    return 0


def server_config(app: ASGIApp) -> uvicorn.Config:
    """How the origin is served: as the outermost proxy it believes no X-Forwarded header and adds none of its own."""
    return uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=_STOP_SECONDS,
    )


def _read_settings(arguments: list[str] | None) -> OriginSettings:
    parser = argparse.ArgumentParser(prog="python -m deploy.embedded.origin", description=__doc__)
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to listen on")
    parser.add_argument("--port", type=int, default=8000)
    parser.add_argument("--smtp-port", type=int, required=True, help="port of the mail sink")
    parser.add_argument("--routes", type=Path, required=True, help="file that says where the services run")
    parser.add_argument("--home", type=Path, required=True, help="folder for keys and sent messages")
    parser.add_argument("--public-url", default="", help="address that people use, where it is another than host:port")
    parser.add_argument("--issuer-name", default="", help="the issuer's name; default: the address with /issuer")
    given = parser.parse_args(arguments)
    if given.host != "localhost" and not ip_address(given.host).is_loopback:
        parser.error(f"--host {given.host} is not on loopback: anyone who reaches this process can sign in as anyone")
    missing = [name for name in ("SMS_USER", "SMS_PASSWORD") if not os.environ.get(name)]
    if missing:
        parser.error(f"set {' and '.join(missing)} in the environment")
    return OriginSettings(
        home=given.home,
        routes=given.routes,
        sms_user=os.environ["SMS_USER"],
        sms_password=os.environ["SMS_PASSWORD"],
        host=given.host,
        port=given.port,
        smtp_port=given.smtp_port,
        public_url=given.public_url,
        issuer_name=given.issuer_name,
    )


if __name__ == "__main__":
    sys.exit(main())
