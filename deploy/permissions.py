"""What each service may do on Kafka: `deploy/kafka/permissions.yaml`, made by `make docs` from the services' code."""

from collections.abc import Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from shared.contracts.topics import TOPICS
from shared.messaging.acls_admin import Operation, Permission, Resource
from shared.messaging.copies import COPIES
from shared.messaging.effects import EFFECTS
from shared.settings import SharedSettings

FILE = Path(__file__).parent / "kafka" / "permissions.yaml"
SERVICES = ("booking", "procurement", "notification")
_HEADING = """\
# What each service may do on Kafka, and nothing beyond: which topics it writes, and which it reads as which group
# (<service>.effects, <service>.copies). Made by `make docs` from the services' code; `kurslots acls` tells Kafka.
"""


def described() -> str:
    """Return what the file should hold."""
    lines = [_HEADING]
    for service in SERVICES:
        reactions = import_module(f"services.{service}.reactions").REACTIONS
        copies = import_module(f"services.{service}.copies").COPIES
        lists = {
            "writes": [topic.name for topic in TOPICS if topic.owner == service],
            EFFECTS: sorted(topic.name for topic in reactions.topics),
            COPIES: sorted(topic.name for topic in copies.topics),
        }
        lines.append(f"{service}:\n")
        lines += (
            f"  {name}:\n" + "".join(f"    - {topic}\n" for topic in topics) for name, topics in lists.items() if topics
        )
    return "".join(lines)


def permissions(settings: SharedSettings, users: Mapping[str, str]) -> list[Permission]:
    """Return every permission in the settings' namespace. `users` names a service's user where it has another name."""
    lists: dict[str, dict[str, list[str]]] = YAML(typ="safe").load(FILE.read_text(encoding="utf-8"))
    return sorted(
        permission
        for service, of_service in lists.items()
        for permission in _of_service(service, of_service, f"User:{users.get(service, service)}", settings)
    )


def _of_service(
    service: str, lists: Mapping[str, Any], principal: str, settings: SharedSettings
) -> Iterator[Permission]:
    for topic in lists["writes"]:
        yield Permission(principal, Resource.TOPIC, settings.topic(topic), Operation.WRITE)
    for group in (EFFECTS, COPIES):
        for topic in lists.get(group, ()):
            yield Permission(principal, Resource.TOPIC, settings.topic(topic), Operation.READ)
        if group in lists:
            yield Permission(principal, Resource.GROUP, settings.topic(f"{service}.{group}"), Operation.READ)
