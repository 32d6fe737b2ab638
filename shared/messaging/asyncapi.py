"""The AsyncAPI document of a service, made by FastStream from the lists that its worker runs on.

The running consumers read many topics with one subscriber; here each topic has its own, with the messages it carries.
"""

import json
from collections.abc import Sequence
from typing import Any, Union

from faststream.kafka import KafkaBroker
from faststream.specification import AsyncAPI

from shared.contracts.facts import Message
from shared.contracts.registry import messages_on
from shared.contracts.topics import TOPICS, Topic
from shared.messaging.copies import COPIES
from shared.messaging.effects import EFFECTS
from shared.messaging.reactions import Copies, Reactions


def asyncapi_document(service: str, reactions: Reactions, copies: Copies, *, version: str = "1") -> dict[str, Any]:
    """Return what a service publishes and listens to, as AsyncAPI 3."""
    broker = KafkaBroker("kafka:9092", apply_types=False)
    for name, topics in ((EFFECTS, reactions.topics), (COPIES, copies.topics)):
        for topic in topics:
            _subscribe(broker, topic, group=f"{service}.{name}")
    for topic in TOPICS:
        if topic.owner == service:
            _publish(broker, topic)
    document = AsyncAPI(broker, title=f"Kurslots {service}", version=version, schema_version="3.0.0")
    made: dict[str, Any] = json.loads(document.to_specification().to_json())
    ordered: dict[str, Any] = json.loads(json.dumps(made, sort_keys=True))  # FastStream keeps publishers in a set
    return ordered


def _subscribe(broker: KafkaBroker, topic: Topic, *, group: str) -> None:
    async def take(message: object) -> None:
        raise NotImplementedError(f"{message}: this broker only describes")

    take.__annotations__["message"] = _union(messages_on(topic))
    take.__name__ = f"{group}.{topic.name}".replace(".", "_").replace("-", "_")
    broker.subscriber(
        topic.name, group_id=group, title=f"{group}.{topic.name}", description=f"{topic.kind} topic of {topic.owner}"
    )(take)


def _publish(broker: KafkaBroker, topic: Topic) -> None:
    broker.publisher(
        topic.name,
        title=f"{topic.owner}.publishes.{topic.name}",
        description=f"{topic.kind} topic",
        schema=_union(messages_on(topic)),
    )


def _union(messages: Sequence[type[Message]]) -> Any:  # noqa: ANN401 - a union made from a list
    return Union[tuple(messages)] if messages else None  # noqa: UP007 - there is no other way to make one from a list
