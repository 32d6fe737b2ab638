"""Yesterday's consumer reads today's messages and the other way round; what is committed of them is never changed."""

import json
import subprocess
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator
from pydantic import ValidationError

from deploy.commands.contracts import FOLDER, FROZEN, digest_of, numbered, schema_of
from shared.contracts.booking import BookingConfirmed
from shared.contracts.facts import Fact, Message, Part
from shared.contracts.registry import MESSAGES
from shared.contracts.topics import BOOKINGS
from shared.messaging.messages import Reading, Record, read_record
from tests.shared.contracts.written import values_of
from tests.support.messaging import an_envelope

ROOT = Path(__file__).parents[3]
KINDS = ("schemas", "golden")
SCHEMAS = [
    pytest.param(message, path, id=f"{name}-{path.stem}")
    for name, message in sorted(MESSAGES.items())
    for path in numbered("schemas", message)
]


def written() -> list[Path]:
    return sorted(path for kind in KINDS for path in (FOLDER / kind).rglob("*") if path.is_file())


def unfaithful() -> set[str]:
    """Return the lines in which the list of what is never changed and the files differ."""
    return set(FROZEN.read_text().splitlines()) ^ {digest_of(path) for path in written()}


def test_a_committed_schema_or_sample_is_never_changed_or_taken_away() -> None:
    assert unfaithful() == set(), "add a file with `kurslots contracts`; never change one"


def test_a_changed_file_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    read = Path.read_bytes
    changed = FOLDER / "golden" / BookingConfirmed.type_name / "001.json"
    monkeypatch.setattr(Path, "read_bytes", lambda path: read(path) + (b" " if path == changed else b""))
    assert len(unfaithful()) == 2


def test_no_commit_has_ever_changed_one() -> None:
    """The list could be changed with the file; the history cannot."""
    folders = [str(FOLDER / kind) for kind in KINDS]
    asked = ["git", "log", "--diff-filter=MDRT", "--name-only", "--format=%h", "--", *folders]
    told = subprocess.run(asked, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert told == ""


def test_files_are_numbered_without_a_gap() -> None:
    for message in MESSAGES.values():
        for kind in KINDS:
            stems = [path.stem for path in numbered(kind, message)]
            assert stems == [f"{number:03d}" for number in range(1, len(stems) + 1)]


def test_enums_are_open_on_the_wire() -> None:
    for path in written():
        if path.is_relative_to(FOLDER / "schemas"):
            text = path.read_text()
            assert '"enum"' not in text, path
            assert '"const"' not in text, path


@pytest.mark.parametrize(("message", "path"), SCHEMAS)
def test_what_any_version_sends_with_more_fields_and_new_words_is_read(message: type[Message], path: Path) -> None:
    schema = json.loads(path.read_text())
    plain = [
        name for name, each in schema["properties"].items() if each == {"title": each.get("title"), "type": "string"}
    ]

    @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
    @given(values_of(schema))
    def is_read(value: dict[str, Any]) -> None:
        key = UUID(value[message.key_field])
        record = a_record_of(message, key, value)
        incoming = read_record(record, message.topic)
        assert incoming.reading is Reading.MESSAGE, incoming.cause
        assert incoming.message is not None
        told = json.loads(incoming.message.model_dump_json())
        assert {name: told[name] for name in plain if name in value} == {
            name: value[name] for name in plain if name in value
        }

    is_read()


def a_record_of(message: type[Message], key: UUID, value: object) -> Record:
    headers = (*an_envelope(message, key).headers(), ("ce_of_tomorrow", b"x"))
    return Record(message.topic.name, 0, 0, str(key).encode(), headers, json.dumps(value).encode())


class Addressed(Part):
    """A part of yesterday's message."""

    kind: str


class Yesterday(Fact, type="thing.happened.v1", topic=BOOKINGS, key="thing_id"):
    """A message as it was."""

    thing_id: UUID
    seats: int
    mode: str
    addressed: tuple[Addressed, ...]


class AddressedAnew(Addressed):
    """A part that has more in it."""

    part: str | None = None


class Added(Fact, type="thing.happened.v1", topic=BOOKINGS, key="thing_id"):
    """The same message with more in it: what a version may become."""

    thing_id: UUID
    seats: int
    mode: str
    addressed: tuple[AddressedAnew, ...]
    note: str | None = None
    links: tuple[str, ...] = ()


class Renamed(Fact, type="thing.happened.v1", topic=BOOKINGS, key="thing_id"):
    """A field has another name."""

    thing_id: UUID
    places: int = 0
    mode: str
    addressed: tuple[Addressed, ...]


class Retyped(Fact, type="thing.happened.v1", topic=BOOKINGS, key="thing_id"):
    """A field has another type."""

    thing_id: UUID
    seats: str
    mode: str
    addressed: tuple[Addressed, ...]


class Optional(Fact, type="thing.happened.v1", topic=BOOKINGS, key="thing_id"):
    """A field need not be there any more."""

    thing_id: UUID
    seats: int | None
    mode: str
    addressed: tuple[Addressed, ...]


class Demanding(Fact, type="thing.happened.v1", topic=BOOKINGS, key="thing_id"):
    """A field is demanded that yesterday's owner does not send."""

    thing_id: UUID
    seats: int
    mode: str
    addressed: tuple[Addressed, ...]
    note: str


def reads(reader: type[Message], sent: Message) -> bool:
    try:
        reader.model_validate_json(sent.model_dump_json())
    except ValidationError:
        return False
    return True


def fits(earlier: type[Message], sent: Message) -> bool:
    """Whether a message validates against an earlier schema of its version, as those committed are held to."""
    return Draft202012Validator(schema_of(earlier)).is_valid(json.loads(sent.model_dump_json()))


OLD = Yesterday(thing_id=UUID(int=1), seats=2, mode="both", addressed=(Addressed(kind="person"),))
_SAME: dict[str, Any] = {"thing_id": UUID(int=1), "mode": "in_orbit", "addressed": (Addressed(kind="machine"),)}


def test_what_only_adds_is_read_by_both_sides() -> None:
    new = Added(
        thing_id=UUID(int=1),
        seats=2,
        mode="in_orbit",
        addressed=(AddressedAnew(kind="machine", part="x"),),
        note="x",
        links=("y",),
    )
    assert reads(Yesterday, new)
    assert Yesterday.model_validate_json(new.model_dump_json()).mode == "in_orbit"
    assert reads(Added, OLD)
    assert fits(Yesterday, new)


BREAKING: dict[str, Message] = {
    "renamed": Renamed(places=2, **_SAME),
    "retyped": Retyped(seats="two", **_SAME),
    "optional": Optional(seats=None, **_SAME),
}


@pytest.mark.parametrize("name", BREAKING)
def test_what_breaks_yesterdays_consumer_does_not_fit_its_schema(name: str) -> None:
    assert not reads(Yesterday, BREAKING[name])
    assert not fits(Yesterday, BREAKING[name])


def test_what_demands_more_does_not_read_yesterdays_messages() -> None:
    assert not reads(Demanding, OLD)
