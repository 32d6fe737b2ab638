"""What was promised on a topic is kept: golden messages of every version against today's classes, and the reverse."""

import json
from datetime import UTC
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from pydantic import AwareDatetime

from deploy.commands.contracts import numbered, schema_of
from shared.contracts.facts import Fact, Message, State
from shared.contracts.registry import MESSAGES, message_class, messages_on
from shared.contracts.topics import PERSONAL, TOPICS, Kind

st.register_type_strategy(AwareDatetime, st.datetimes(timezones=st.just(UTC)))

ALL = [pytest.param(message, id=name) for name, message in sorted(MESSAGES.items())]
GOLDEN = [
    pytest.param(message, path, id=f"{name}-{path.stem}")
    for name, message in sorted(MESSAGES.items())
    for path in numbered("golden", message)
]


@pytest.mark.parametrize("message", ALL)
def test_what_a_message_looks_like_today_is_written_down(message: type[Message]) -> None:
    written = numbered("schemas", message)
    assert written, "run `kurslots contracts` and commit what it adds"
    assert json.loads(written[-1].read_text()) == schema_of(message), "run `kurslots contracts` and commit what it adds"
    assert len(written) == len(numbered("golden", message))


@pytest.mark.parametrize(("message", "path"), GOLDEN)
def test_every_golden_message_is_still_read(message: type[Message], path: Path) -> None:
    golden = json.loads(path.read_text())
    read = message.model_validate_json(json.dumps({**golden, "a_field_of_tomorrow": {"x": 1}}))
    assert {name: json.loads(read.model_dump_json())[name] for name in golden} == golden
    schema = json.loads((path.parent.parent.parent / "schemas" / message.type_name / path.name).read_text())
    Draft202012Validator(schema, format_checker=Draft202012Validator.FORMAT_CHECKER).validate(golden)


@pytest.mark.parametrize("message", ALL)
def test_todays_output_fits_every_earlier_schema_of_its_version(message: type[Message]) -> None:
    validators = [Draft202012Validator(json.loads(path.read_text())) for path in numbered("schemas", message)]

    @settings(max_examples=15, deadline=None)
    @given(st.builds(message))
    def fits(sample: Message) -> None:
        for validator in validators:
            validator.validate(json.loads(sample.model_dump_json()))

    fits()


@pytest.mark.parametrize("message", ALL)
def test_a_message_is_named_as_what_has_happened_and_lies_on_a_topic_of_its_kind(message: type[Message]) -> None:
    noun, verb, version = message.type_name.split(".")
    assert noun.replace("_", "").isalpha()
    assert verb.endswith(("ed", "en", "wn"))
    assert version == "v1"
    assert issubclass(message, State if message.topic.kind is Kind.STATE else Fact)
    assert message in messages_on(message.topic)
    assert message_class(message.type_name) is message
    assert message.model_fields[message.key_field].annotation is UUID


def test_every_topic_has_messages_and_an_owner_that_is_a_service() -> None:
    for topic in TOPICS:
        assert messages_on(topic), topic.name
        assert topic.owner in {"booking", "procurement", "notification"}


def test_names_addresses_and_numbers_of_persons_travel_on_two_topics_only() -> None:
    personal = {"email", "phone", "given_name", "family_name", "personal_number", "accounts"}
    for message in MESSAGES.values():
        held = personal & set(json.dumps(schema_of(message)).replace('"', " ").split())
        assert not held or message.topic in PERSONAL, (message.type_name, held)
    assert "personal_number" not in json.dumps([schema_of(message) for message in MESSAGES.values()])


def test_a_message_without_type_topic_and_key_cannot_be_made() -> None:
    with pytest.raises(TypeError, match="type, topic"):

        class Nameless(Fact, type="x.happened.v1", topic=TOPICS[0], key="id"):  # a fact on a state topic
            id: UUID
