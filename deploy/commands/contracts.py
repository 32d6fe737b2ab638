"""`kurslots contracts`: write down what messages look like today, beside what they have looked like before.

Each type has a folder of numbered JSON Schemas and golden samples. A file is added when a type is new or looks
otherwise; none is ever changed, for somebody has read messages by it. Each is noted with its digest in `frozen.sha256`,
which `sha256sum --check` reads and a test holds them to.
"""

import hashlib
import json
from datetime import UTC, date, datetime
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_origin
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel
from rich.console import Console

import shared.contracts
from shared.contracts.facts import Message
from shared.contracts.registry import MESSAGES

FOLDER = Path(str(shared.contracts.__file__)).parent
FROZEN = FOLDER / "frozen.sha256"
_NAMESPACE = UUID("6b757273-6c6f-5473-8000-000000000000")


def contracts() -> None:
    """Add the schema and the golden sample of every message that is new or looks otherwise than before."""
    added = [path for message in MESSAGES.values() for path in _add(message)]
    _freeze(added)
    console = Console()
    for path in added:
        console.print(f"Added {path.relative_to(FOLDER)}")
    if not added:
        console.print("Every message looks as it did.")


def schema_of(message: type[Message]) -> dict[str, Any]:
    """Return the JSON Schema of what we send."""
    return message.model_json_schema(mode="serialization")


def numbered(kind: str, message: type[Message]) -> list[Path]:
    """Return the files of a type, the earliest first. `kind` is schemas or golden."""
    return sorted((FOLDER / kind / message.type_name).glob("[0-9][0-9][0-9].json"))


def digest_of(path: Path) -> str:
    """Return the line of a file in the list of what is never changed."""
    return f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.relative_to(FOLDER).as_posix()}"


def _freeze(added: list[Path]) -> None:
    lines = FROZEN.read_text().splitlines() if FROZEN.exists() else []
    lines += [digest_of(path) for path in added]
    FROZEN.write_text("".join(f"{line}\n" for line in sorted(lines, key=lambda line: line.split()[1])))


def _add(message: type[Message]) -> list[Path]:
    before = numbered("schemas", message)
    schema = schema_of(message)
    if before and json.loads(before[-1].read_text()) == schema:
        return []
    name = f"{len(before) + 1:03d}.json"
    sample = message(**{name: _sample(field.annotation, name) for name, field in message.model_fields.items()})
    written = []
    for kind, content in (("schemas", schema), ("golden", json.loads(sample.model_dump_json()))):
        path = FOLDER / kind / message.type_name / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(content, indent=2, ensure_ascii=False, sort_keys=True) + "\n")
        written.append(path)
    return written


_SAMPLES: dict[object, Any] = {
    AwareDatetime: datetime(2026, 11, 23, 9, 0, tzinfo=UTC),
    date: date(2026, 11, 23),
    int: 6,
    bool: True,
}


def _sample(annotation: Any, name: str) -> Any:  # noqa: ANN401 - whatever the annotation says
    """Return a value for an annotation that contracts use; optional fields are filled, tuples get one element."""
    if annotation is UUID:
        return uuid5(_NAMESPACE, name)
    if annotation is str:
        return f"{name} åäö"
    if annotation in _SAMPLES:
        return _SAMPLES[annotation]
    if get_origin(annotation) is tuple:
        return (_sample(get_args(annotation)[0], name),)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation(**{part: _sample(field.annotation, part) for part, field in annotation.model_fields.items()})
    for choice in get_args(annotation):
        if choice is not NoneType:
            return _sample(choice, name)
    raise TypeError(f"{name}: contracts hold no {annotation}")
