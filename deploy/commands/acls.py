"""Tell Kafka what each service may do: write its own topics, read those it listens to, as its own groups.

On the Kafka in the environment, as KAFKA_ADMIN_USER. A service's user is BOOKING_KAFKA_USER and so on, or has the
service's name. Ends with 1 where Kafka allows more than that, or less with --check.
"""

from typing import Annotated

import typer


def acls(
    *,
    check: Annotated[bool, typer.Option("--check", help="Change nothing, only say how Kafka differs.")] = False,
    prune: Annotated[bool, typer.Option("--prune", help="Take away what the services may do beyond that.")] = False,
) -> None:
    import asyncio
    import os

    from aiokafka.errors import KafkaError

    from deploy.permissions import SERVICES, permissions
    from shared.messaging.acls_admin import Difference, compare, correct
    from shared.messaging.kafka_connection import KafkaConnection
    from shared.settings import SharedSettings

    if check and prune:
        raise typer.BadParameter("--check changes nothing, and --prune does")
    settings = SharedSettings()
    named = {service: os.environ.get(f"{service.upper()}_KAFKA_USER") for service in SERVICES}
    wanted = permissions(settings, {service: user for service, user in named.items() if user})

    async def run() -> Difference:
        kafka = KafkaConnection.of(settings)
        try:
            difference = await compare(kafka, wanted, namespace=settings.namespace)
            if not check:
                await correct(kafka, difference, prune=prune)
        except KafkaError as error:
            typer.echo(f"Kafka was not told: {await kafka.why_away(error)}", err=True)
            raise typer.Exit(1) from error
        return difference

    difference = asyncio.run(run())
    for permission in difference.missing:
        typer.echo(f"{'Missing' if check else 'Given'}: {permission}")
    for permission in difference.surplus:
        typer.echo(f"{'Taken away' if prune else 'Beyond'}: {permission}")
    for permission in difference.others:
        typer.echo(f"Another's: {permission}")
    if (difference.surplus and not prune) or (difference.missing and check):
        raise typer.Exit(1)
    typer.echo(f"Kafka allows the services these {len(wanted)} things and nothing else.")
