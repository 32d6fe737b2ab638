"""Make the Kafka topics that are missing, and put the settings right of those that are there.

On the Kafka in the environment (KAFKA_BOOTSTRAP), or that of the system that runs on this folder. Partitions and
replicas that differ are only told of. With --check nothing is changed, and it ends with 1 where anything differs.
"""

from typing import Annotated

import typer


def topics(
    *, check: Annotated[bool, typer.Option("--check", help="Change nothing, only say what differs.")] = False
) -> None:
    import asyncio

    from aiokafka.errors import KafkaError

    from deploy.messaging import running_settings
    from shared.contracts.topics import TOPICS
    from shared.messaging.kafka_connection import KafkaConnection
    from shared.messaging.topics_admin import (
        Drift,
        correct_settings,
        create_topics,
        find_drifts,
        missing_topics,
    )

    settings = running_settings()

    async def run() -> tuple[list[str], list[Drift]]:
        kafka = KafkaConnection.of(settings)
        try:
            if check:
                missing = await missing_topics(kafka, {settings.topic(topic.name) for topic in TOPICS})
                return sorted(missing), await find_drifts(settings)
            made = await create_topics(settings)
            drifts = await find_drifts(settings)
            await correct_settings(settings, drifts)
        except KafkaError as error:
            typer.echo(f"Kafka was not told: {await kafka.why_away(error)}", err=True)
            raise typer.Exit(1) from error
        return made, drifts

    absent, drifts = asyncio.run(run())
    for name in absent:
        typer.echo(f"{'Missing' if check else 'Made'}: {name}")
    for drift in drifts:
        typer.echo(f"{'Corrected' if drift.is_setting and not check else 'Differs'}: {drift}")
    if check and (absent or drifts):
        raise typer.Exit(1)
    if not absent and not drifts:
        typer.echo("Every topic is there and as it should be.")
