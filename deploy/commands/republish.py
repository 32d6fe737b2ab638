"""Publish every state and every grave of a state topic again, so that copies of them can be rebuilt or mended.

Copies that are right already are not changed by it.
"""

from typing import Annotated

import typer

from shared.contracts.topics import TOPICS, Kind

_STATE_TOPICS = tuple(topic.name for topic in TOPICS if topic.kind is Kind.STATE)


def republish(topic: Annotated[str, typer.Argument(help=f"One of {', '.join(_STATE_TOPICS)}.")]) -> None:
    import asyncio

    from deploy.messaging import open_service_database, running_settings, service_worker
    from shared.messaging.republish import republish as publish_again

    if topic not in _STATE_TOPICS:
        raise typer.BadParameter(f"{topic} is none of {', '.join(_STATE_TOPICS)}")
    owner = topic.partition(".")[0]

    async def run() -> int:
        settings = running_settings()
        (source,) = [source for source in service_worker(owner).STATES if source.state.topic.name == topic]
        database = open_service_database(owner)
        try:
            return await publish_again(database, source, settings.make_clock())
        finally:
            await database.close()

    typer.echo(f"{topic}: {asyncio.run(run())} states and graves are on their way")
