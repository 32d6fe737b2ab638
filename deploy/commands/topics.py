"""Make the Kafka topics that are missing, each with its own settings; what is there is left as it is.

On the Kafka in the environment (KAFKA_BOOTSTRAP), or that of the system that runs on this folder.
"""

import typer


def topics() -> None:
    import asyncio  # noqa: PLC0415 - `kurslots --help` stays quick

    from deploy.messaging import running_settings  # noqa: PLC0415
    from shared.messaging.topics_admin import create_topics  # noqa: PLC0415

    made = asyncio.run(create_topics(running_settings()))
    for name in made:
        typer.echo(f"Made {name}")
    if not made:
        typer.echo("Every topic is there.")
