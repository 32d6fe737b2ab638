"""Wait until everything that was caused has happened: outboxes and due timers empty, no consumer behind.

Ends with 0 when it has, with 1 when the time is up, and says what still waits.
"""

from typing import Annotated

import typer


def settled(*, seconds: Annotated[float, typer.Option(min=0, help="How long to wait.")] = 60.0) -> None:
    import asyncio

    from deploy.messaging import running_settings, service_parts
    from shared.messaging.kafka_connection import ConnectionRefused
    from shared.messaging.settled import NotSettled, wait_until_settled

    async def wait() -> float:
        settings = running_settings()
        async with service_parts(settings) as parts:
            return await wait_until_settled(parts, settings, seconds=seconds)

    try:
        took = asyncio.run(wait())
    except NotSettled as error:
        for line in error.waits:
            typer.echo(line, err=True)
        raise typer.Exit(1) from error
    except ConnectionRefused as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    typer.echo(f"Settled after {took:.1f} s")
