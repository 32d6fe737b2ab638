"""Whatever a record holds, reading it gives a value."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.booking import BookingCancelled, BookingConfirmed, PersonDescribed, RunScheduled
from shared.contracts.topics import BOOKINGS, PEOPLE
from shared.messaging.messages import Reading, Record, read_record
from tests.support.messaging import a_grave, a_message, a_record, an_envelope

_FACT = a_message(BookingConfirmed)
_GOOD = a_record(_FACT)
_UNKNOWN = replace(an_envelope(BookingConfirmed, _FACT.key), type="booking.confirmed.v9")


def _headers(**changes: bytes) -> tuple[tuple[str, bytes], ...]:
    return tuple({**dict(_GOOD.headers), **changes}.items())


def test_a_fact_is_read() -> None:
    incoming = read_record(_GOOD, BOOKINGS)
    assert incoming.reading is Reading.MESSAGE
    assert incoming.message == _FACT
    assert incoming.key == str(_FACT.booking_id)


def test_a_tombstone_is_a_grave_on_a_state_topic_and_poison_on_a_fact_topic() -> None:
    person = a_message(PersonDescribed)
    grave = read_record(a_grave(PersonDescribed, person.person_id, version=4), PEOPLE)
    assert grave.reading is Reading.GRAVE
    assert grave.envelope is not None
    assert grave.envelope.version == 4
    assert read_record(replace(_GOOD, value=None), BOOKINGS).cause == "null where a fact must be"


def test_what_is_ignored_is_not_even_parsed() -> None:
    cancelled = replace(a_record(a_message(BookingCancelled)), value=b"{")
    assert read_record(cancelled, BOOKINGS, ignored={BookingCancelled}).reading is Reading.IGNORED


def test_an_unknown_type_is_told_from_an_unreadable_record() -> None:
    unknown = replace(_GOOD, headers=tuple(_UNKNOWN.headers()))
    assert read_record(unknown, BOOKINGS).reading is Reading.UNKNOWN


@pytest.mark.parametrize(
    ("record", "cause"),
    [
        (replace(_GOOD, headers=()), "envelope: no header"),
        (replace(_GOOD, headers=_headers(ce_id=b"7")), "envelope: ValueError"),
        (replace(_GOOD, headers=_headers(ce_id=b"\xff")), "envelope: UnicodeDecodeError"),
        (replace(_GOOD, headers=_headers(ce_time=b"2026-11-23T09:00:00")), "envelope: ce_time has no zone"),
        (replace(_GOOD, value=b"not json"), "off its contract (: json_invalid)"),
        (replace(_GOOD, value=b"{}"), "off its contract (booking_id: missing"),
        (replace(_GOOD, value=b"\xff\xfe"), "off its contract"),
        (replace(_GOOD, key=b"another"), "the record's key is not the envelope's subject"),
        (replace(_GOOD, key=None), "the record's key is not the envelope's subject"),
        (replace(_GOOD, value=a_record(a_message(BookingConfirmed)).value), "the message is about another key"),
        (a_record(a_message(RunScheduled)), "a message of booking.runs"),
    ],
)
def test_what_is_off_its_contract_says_how_and_quotes_nothing(record: Record, cause: str) -> None:
    incoming = read_record(record, BOOKINGS)
    assert incoming.reading is Reading.UNREADABLE
    assert incoming.cause.startswith(cause)
    assert "åäö" not in incoming.cause


def test_a_record_without_a_key_holds_up_no_other() -> None:
    first, second = (read_record(replace(_GOOD, key=None, headers=(), offset=offset), BOOKINGS) for offset in (1, 2))
    assert first.key != second.key
    assert first.message_id != second.message_id


@given(
    key=st.none() | st.binary(max_size=40),
    headers=st.lists(st.tuples(st.text(max_size=12), st.binary(max_size=40)), max_size=6),
    changed=st.dictionaries(st.sampled_from([name for name, _ in _GOOD.headers]), st.binary(max_size=40), max_size=3),
    value=st.none() | st.binary(max_size=60) | st.just(_GOOD.value),
)
def test_reading_never_raises(
    key: bytes | None, headers: list[tuple[str, bytes]], changed: dict[str, bytes], value: bytes | None
) -> None:
    for candidate in (tuple(headers), tuple({**dict(_GOOD.headers), **changed}.items())):
        incoming = read_record(Record(BOOKINGS.name, 0, 0, key, candidate, value), BOOKINGS)
        assert incoming.key
        assert "\x00" not in incoming.key
