"""CloudEvents 1.0 in Kafka's binary mode: what surrounds a message on the wire.

The attributes are headers, the message is the value, its aggregate's id is the key. `ce_aggregateversion` is our
extension; a tombstone has no value and carries its version there alone.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

CONTENT_TYPE = "application/json"
SPEC_VERSION = "1.0"
_SPEC_VERSION, _CONTENT_TYPE = SPEC_VERSION.encode(), CONTENT_TYPE.encode()


class UnreadableEnvelope(ValueError):  # noqa: N818 - named for what is wrong
    """The headers or the key are not those of a message of ours; the argument says which."""


@dataclass(frozen=True, slots=True)
class Envelope:
    """The attributes of one message.

    `version` is the aggregate's, `time` the business time of what happened, `traceparent` the W3C trace it belongs to.
    """

    id: UUID
    type: str
    source: str
    subject: UUID
    time: datetime
    version: int
    traceparent: str | None = None

    def headers(self) -> list[tuple[str, bytes]]:
        """Return the Kafka headers."""
        # One list, no loop: the relay does this for every event.
        headers = [
            ("ce_specversion", _SPEC_VERSION),
            ("ce_id", str(self.id).encode()),
            ("ce_type", self.type.encode()),
            ("ce_source", self.source.encode()),
            ("ce_subject", str(self.subject).encode()),
            ("ce_time", self.time.isoformat().encode()),
            ("ce_aggregateversion", b"%d" % self.version),
            ("content-type", _CONTENT_TYPE),
        ]
        if self.traceparent:
            headers.append(("traceparent", self.traceparent.encode()))
        return headers

    @classmethod
    def read(cls, headers: Iterable[tuple[str, bytes]]) -> "Envelope":
        """Return the envelope that Kafka headers hold. Raises UnreadableEnvelope; unknown headers are ignored."""
        values = dict(headers)

        def text(name: str) -> str:
            if name not in values:
                raise UnreadableEnvelope(f"no header {name}")
            return values[name].decode("utf-8", errors="strict")

        try:
            return cls(
                id=UUID(text("ce_id")),
                type=text("ce_type"),
                source=text("ce_source"),
                subject=UUID(text("ce_subject")),
                time=_aware(text("ce_time")),
                version=int(text("ce_aggregateversion")),
                traceparent=values["traceparent"].decode("ascii") if "traceparent" in values else None,
            )
        except UnreadableEnvelope:
            raise
        except ValueError as error:
            raise UnreadableEnvelope(f"a header cannot be read: {error}") from error


def _aware(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise UnreadableEnvelope("ce_time has no zone")
    return time
