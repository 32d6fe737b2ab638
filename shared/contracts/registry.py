"""Every message that exists, found by its type or its topic."""

from shared.contracts import booking, notification, procurement
from shared.contracts.facts import Message
from shared.contracts.topics import Topic


def _messages() -> dict[str, type[Message]]:
    found: dict[str, type[Message]] = {}
    for module in (booking, procurement, notification):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Message) and "type_name" in vars(value):
                if value.type_name in found and found[value.type_name] is not value:
                    raise TypeError(f"{value.type_name} is the type of two messages")
                found[value.type_name] = value
    return found


MESSAGES = _messages()


def message_class(type_name: str) -> type[Message] | None:
    """Return the class of a message type, or None where this version of the system does not know it."""
    return MESSAGES.get(type_name)


def messages_on(topic: Topic) -> tuple[type[Message], ...]:
    """Return the classes of all messages of a topic, by type."""
    return tuple(MESSAGES[name] for name in sorted(MESSAGES) if MESSAGES[name].topic == topic)
