"""Telling Kafka what each service may do, and seeing what else anybody may do.

Nothing is allowed that is not named. That a producer may be idempotent comes with writing to any topic.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code
from aiokafka.protocol.admin import CreateAclsRequest, DeleteAclsRequest, DescribeAclsRequest

from shared.messaging.kafka_connection import KafkaConnection

_ANY, _ALL_NAMES, _ANY_HOST, _LITERAL, _ALLOW = 1, "*", "*", 3, 3
_EVERYBODY = "User:*"


class Resource(IntEnum):
    """Kafka's numbers for what a permission is about."""

    TOPIC = 2
    GROUP = 3
    CLUSTER = 4


class Operation(IntEnum):
    """Kafka's numbers for what is done. Reading and writing include seeing that it exists."""

    ALL = 2
    READ = 3
    WRITE = 4
    CREATE = 5
    DELETE = 6
    ALTER = 7
    DESCRIBE = 8
    CLUSTER_ACTION = 9
    DESCRIBE_CONFIGS = 10
    ALTER_CONFIGS = 11
    IDEMPOTENT_WRITE = 12


@dataclass(frozen=True, slots=True, order=True)
class Permission:
    """One rule of Kafka's. The last three are Kafka's numbers and names; by default it is about exactly this name."""

    principal: str
    resource: int
    name: str
    operation: int
    pattern: int = _LITERAL
    host: str = _ANY_HOST
    verdict: int = _ALLOW

    def __str__(self) -> str:
        parts = [self.principal, "may" if self.verdict == _ALLOW else "may not", _word(Operation, self.operation)]
        parts += [_word(Resource, self.resource), self.name if self.pattern == _LITERAL else f"{self.name}…"]
        return " ".join(parts if self.host == _ANY_HOST else [*parts, f"from {self.host}"])


@dataclass(frozen=True, slots=True)
class Difference:
    """What Kafka does not allow and should, what it allows our users (or everybody) beyond that, and what others."""

    missing: tuple[Permission, ...]
    surplus: tuple[Permission, ...]
    others: tuple[Permission, ...]


async def compare(kafka: KafkaConnection, wanted: Iterable[Permission], *, namespace: str = "") -> Difference:
    """Return how Kafka's rules differ, those of other namespaces left out.

    Raises KafkaError where Kafka is away, keeps no rules, or says no.
    """
    admin = AIOKafkaAdminClient(**kafka.options())
    try:
        await admin.start()
        there = {permission for permission in await _all(admin) if _touches(permission, namespace)}
    finally:
        await admin.close()
    asked = set(wanted)
    ours = {_EVERYBODY, *(permission.principal for permission in asked)}
    beyond = sorted(there - asked)
    return Difference(
        tuple(sorted(asked - there)),
        tuple(permission for permission in beyond if permission.principal in ours),
        tuple(permission for permission in beyond if permission.principal not in ours),
    )


async def correct(kafka: KafkaConnection, difference: Difference, *, prune: bool) -> None:
    """Add what is missing; with `prune` take the surplus away. Raises KafkaError as `compare`."""
    admin = AIOKafkaAdminClient(**kafka.options())
    try:
        await admin.start()
        for permission in difference.missing:
            answer = await admin._send_request(CreateAclsRequest(*_fields(permission)))  # noqa: SLF001 - no public way
            _check(answer.creation_responses)
        for permission in difference.surplus if prune else ():
            answer = await admin._send_request(DeleteAclsRequest(*_fields(permission)))  # noqa: SLF001 - as above
            _check(answer.filter_responses)
    finally:
        await admin.close()


async def _all(admin: AIOKafkaAdminClient) -> set[Permission]:
    everything = DescribeAclsRequest(_ANY, None, _ANY, None, None, _ANY, _ANY)
    answer = await admin._send_request(everything)  # noqa: SLF001 - as above
    _check([(answer.error_code, answer.error_message)])
    return {
        Permission(principal, resource, name, operation, pattern, host, verdict)
        for resource, name, pattern, rules in answer.resources
        for principal, host, operation, verdict in rules
    }


def _touches(permission: Permission, namespace: str) -> bool:
    """Whether a rule is about a namespace: by name, or by a pattern that may hold anything."""
    is_exact = permission.pattern == _LITERAL and permission.name != _ALL_NAMES
    return not namespace or not is_exact or permission.name.startswith(f"{namespace}.")


def _fields(permission: Permission) -> tuple[Any, ...]:
    return (
        permission.resource,
        permission.name,
        permission.pattern,
        permission.principal,
        permission.host,
        permission.operation,
        permission.verdict,
    )


def _check(answers: Iterable[tuple[Any, ...]]) -> None:
    for code, message, *_ in answers:
        if code:
            raise for_code(code)(message)


def _word(kind: type[IntEnum], number: int) -> str:
    return kind(number).name.lower().replace("_", " ") if number in set(kind) else str(number)
