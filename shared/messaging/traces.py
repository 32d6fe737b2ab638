"""The spans of a message's way, as OpenTelemetry's conventions for messaging have them.

A message is *created* where it is recorded, under the command that causes it; that span's traceparent is in its outbox
row and its header. It is *processed* under the span that created it. Sending and receiving are done for many messages
together: each is a trace of its own, with links to all of them.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from shared.contracts.facts import Message
from shared.log import current_traceparent
from shared.messaging.messages import Incoming
from shared.tracing import AttributeValue, Kind, Span, is_told, span

if TYPE_CHECKING:  # a web process records and never sends, so it need not load Kafka's client
    from shared.messaging.sender import Parcel

_SYSTEM: Final[dict[str, AttributeValue]] = {"messaging.system": "kafka"}
_HEADER = "traceparent"


def traceparent_of_new(message: type[Message], message_id: UUID) -> str | None:
    """Return the traceparent that a message carries which is recorded now."""
    current = current_traceparent()
    if not is_told():
        return current
    topic = message.topic.name
    attributes: dict[str, AttributeValue] = _SYSTEM | {
        "messaging.operation.name": "create",
        "messaging.operation.type": "create",
        "messaging.destination.name": topic,
        "messaging.message.id": str(message_id),
        "cloudevents.event_type": message.type_name,
    }
    with span(f"create {topic}", Kind.PRODUCER, under=current, attributes=attributes):
        return current_traceparent()


def sending(service: str, parcels: Sequence["Parcel"]) -> AbstractContextManager[Span]:
    """Send messages of a service to Kafka, as one span: until the broker has confirmed them."""
    attributes: dict[str, AttributeValue] = _SYSTEM | {
        "messaging.operation.name": "send",
        "messaging.operation.type": "send",
        "messaging.batch.message_count": len(parcels),
    }
    links = _traceparents(parcel.headers for parcel in parcels)
    return span(f"send {service}", Kind.CLIENT, links=links, attributes=attributes)


def receiving(group: str, records: Sequence[Any]) -> AbstractContextManager[Span]:
    """Take up records of Kafka's client, as one span: until they have taken effect."""
    attributes: dict[str, AttributeValue] = _SYSTEM | {
        "messaging.operation.name": "receive",
        "messaging.operation.type": "receive",
        "messaging.consumer.group.name": group,
        "messaging.batch.message_count": len(records),
    }
    links = _traceparents(record.headers or () for record in records)
    return span(f"receive {group}", Kind.CLIENT, links=links, attributes=attributes)


def processing(consumer: str, incoming: Incoming) -> AbstractContextManager[Span]:
    """Do what a message causes, under what created it."""
    assert incoming.envelope is not None
    if not is_told():
        return span("", under=incoming.envelope.traceparent)
    topic = incoming.record.topic
    attributes: dict[str, AttributeValue] = _SYSTEM | {
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "messaging.destination.name": topic,
        "messaging.destination.partition.id": str(incoming.record.partition),
        "messaging.kafka.offset": incoming.record.offset,
        "messaging.consumer.group.name": consumer,
        "messaging.message.id": str(incoming.message_id),
        "cloudevents.event_type": incoming.type_name,
    }
    return span(
        f"process {topic}",
        Kind.CONSUMER,
        under=incoming.envelope.traceparent,
        links=(current_traceparent(),),
        attributes=attributes,
    )


def _traceparents(headers: Iterable[Iterable[tuple[str, bytes | None]]]) -> Iterator[str | None]:
    for each in headers:
        for name, value in each:
            if name == _HEADER and value is not None:
                yield value.decode("ascii", errors="replace")
