"""The checker sees what is wrong with poison, with providers and with receipts."""

from dataclasses import replace
from typing import Any

import pytest

from tests.drills.checker import judge
from tests.drills.evidence import Evidence
from tests.drills.test_checker import a_notification, all_is_well, rows


def _write(found: Evidence, **line: Any) -> None:  # noqa: ANN401 - JSON
    found.ledger = [*found.ledger, {"at": 100.0, **line}]


def _poisoned(*, letters: int, is_open: bool = False) -> Evidence:
    found = all_is_well()
    _write(found, entry="poison", id="bad", what="not JSON", set_aside=True)
    rows(found, "notification", "dead_letters").extend(
        {"id": "bad", "topic": "booking.bookings", "cause": "json", "open": is_open} for _ in range(letters)
    )
    return found


def test_poison_that_was_set_aside_once_and_settled_is_well() -> None:
    assert judge(_poisoned(letters=1), allowed={"set aside"}).is_clean


@pytest.mark.parametrize(("letters", "is_open"), [(0, False), (1, True), (2, False)])
def test_poison_that_was_passed_over_or_is_open_or_set_aside_twice_is_found(letters: int, is_open: bool) -> None:  # noqa: FBT001 - a case of the test
    report = judge(_poisoned(letters=letters, is_open=is_open), allowed={"set aside"})
    assert not report.is_clean
    assert bool(report.double) is (letters == 2)


def test_an_alarm_is_no_dead_letter() -> None:
    found = _poisoned(letters=1)
    found.ledger[-1]["set_aside"] = False  # type: ignore[index]  # JSON of any shape
    assert judge(found, allowed={"set aside"}).double


def _with_sms(*, state: str, arrived: int, delivered: bool = False, was_unknown: bool = False) -> Evidence:
    found = all_is_well()
    rows(found, "notification", "notifications").append(
        {**a_notification("s1", "B-1"), "channel": "sms", "state": state}
    )
    rows(found, "notification", "notification_history").append(
        {"place": 9, "id": "s1", "before": "sending", "after": "unknown" if was_unknown else state}
    )
    found.rows["notification"]["attempts"] = [{"id": "s1", "receipt": "hash"}]  # type: ignore[index]  # JSON of any shape
    for _ in range(arrived):
        _write(found, entry="arrived", channel="sms", receipt="hash", word="take")
    if delivered:
        _write(found, entry="receipt", receipt="hash", status="delivered", answer=204)
    return found


def test_an_sms_that_arrived_once_is_well() -> None:
    assert judge(_with_sms(state="delivered", arrived=1, delivered=True)).is_clean


def test_an_sms_that_arrived_twice_is_found_unless_it_was_shown_as_unknown() -> None:
    assert judge(_with_sms(state="sent", arrived=2)).double
    assert judge(_with_sms(state="sent", arrived=2, was_unknown=True)).is_clean


def test_an_sms_that_did_not_arrive_is_found() -> None:
    found = _with_sms(state="sent", arrived=0)
    _write(found, entry="arrived", channel="sms", receipt="of another", word="take")
    assert judge(found).lost


def test_a_receipt_that_was_forgotten_or_told_twice_is_found() -> None:
    assert judge(_with_sms(state="sent", arrived=1, delivered=True)).lost
    found = _with_sms(state="delivered", arrived=1, delivered=True)
    told = replace(found.facts[0], topic="notification.notifications", key="s1", type="notification.delivered.v1")
    found.facts = [*found.facts, replace(told, id="d1", version=1), replace(told, id="d2", version=2)]
    assert judge(found).double == ["notification s1 was told as delivered 2 times"]
