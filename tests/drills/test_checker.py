"""The checker stands alone, and finds every kind of fault in evidence that has just that one."""

import ast
import sys
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.drills import checker, evidence, report
from tests.drills.checker import judge
from tests.drills.evidence import Evidence, Fact
from tests.drills.guards import GUARDS, go_without
from tests.drills.points import POINTS

INDEPENDENT = {"aiokafka", "asyncpg", "httpx"}
FACTS = {"book": "booking.confirmed.v1", "change": "booking.changed.v1", "submit": "training_request.submitted.v1"}


@pytest.mark.parametrize("module", [checker, evidence, report])
def test_the_checker_uses_none_of_the_projects_code(module: ModuleType) -> None:
    tree = ast.parse(Path(str(module.__file__)).read_text())
    imported = {
        name
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names]
            if isinstance(node, ast.Import)
            else [node.module or "."]
            if isinstance(node, ast.ImportFrom)
            else []
        )
    }
    strangers = {name for name in imported if name.partition(".")[0] not in INDEPENDENT | sys.stdlib_module_names}
    assert strangers <= {"tests.drills.evidence", "tests.drills.report"}


def a_fact(key: str, what: str, version: int, offset: int, *, topic: str, **body: object) -> Fact:
    recipients = [{"kind": "person", "id": "eva", "part": "contact"}]
    contents = {"recipients": recipients, **body}
    return Fact(topic, 0, offset, 100.0 + offset, key, f"{key}-{version}", FACTS[what], version, contents)


def an_answer(number: int, what: str, key: str, version: int, **more: object) -> dict[str, Any]:
    told = {"fact": FACTS.get(what), "seats": None, "about": None, **more}
    return {"entry": "answered", "at": 101.0, "number": number, "what": what, "id": key, "version": version, **told}


def a_notification(name: str, cause: str) -> dict[str, Any]:
    return {
        "id": name,
        "kind": "told",
        "channel": "email",
        "recipient_id": "eva",
        "cause_id": cause,
        "state": "sent",
    }


def all_is_well() -> Evidence:
    """A booking that was changed once and a request that was submitted, with everything that follows."""
    everywhere: dict[str, list[dict[str, Any]]] = {"outbox": [], "inbox": [], "dead_letters": [], "stopped_keys": []}
    made = {"b1": "B-1", "b2": "B-2", "r1": "R-2"}
    answers = [
        an_answer(1, "book", "B", 1, seats=1),
        an_answer(2, "change", "B", 2, seats=2),
        an_answer(3, "draft", "R", 1),
        an_answer(4, "submit", "R", 2),
    ]
    return Evidence(
        ledger=[{"entry": "sent", "at": 100.0, "number": each["number"], "what": each["what"]} for each in answers]
        + answers,
        facts=[
            a_fact("B", "book", 1, 0, topic="booking.bookings"),
            a_fact("B", "change", 2, 1, topic="booking.bookings"),
            a_fact("R", "submit", 2, 0, topic="booking.training-requests"),
        ],
        rows={
            "booking": {
                **deepcopy(everywhere),
                "bookings": [{"id": "B", "run_id": "run", "state": "confirmed", "seats": 2, "version": 2}],
                "booking_history": [{"id": "B", "change": "confirmed"}, {"id": "B", "change": "changed"}],
                "seats": [{"booking_id": "B", "pool_id": "P"}, {"booking_id": "B", "pool_id": "P"}],
                "pools": [{"id": "P", "run_id": "run", "capacity": 2, "taken": 2}],
                "requests": [{"id": "R", "state": "submitted", "version": 2}],
                "request_history": [{"id": "R", "change": "submitted"}],
            },
            "procurement": {
                **deepcopy(everywhere),
                "inbox_requests": [{"id": "R", "state": "waiting", "case_id": None}],
                "cases": [],
                "history": [{"id": "R", "before": None, "after": "waiting"}],
            },
            "notification": {
                **deepcopy(everywhere),
                "notifications": [a_notification(name, cause) for name, cause in made.items()],
                "notification_history": [
                    {"place": place, "id": name, "before": None, "after": "pending"} for place, name in enumerate(made)
                ],
            },
        },
        mails=dict.fromkeys(made, 1),
    )


def rows(found: Evidence, service: str, table: str) -> list[dict[str, Any]]:
    listed = found.rows[service][table]
    assert isinstance(listed, list)
    return listed


def facts(found: Evidence) -> list[Fact]:
    assert isinstance(found.facts, list)
    return found.facts


def test_nothing_is_found_where_all_is_well() -> None:
    judged = judge(all_is_well())
    assert judged.findings() == []
    assert (judged.commands, judged.acknowledged, judged.facts, judged.repeats) == (4, 4, 3, 0)


def test_a_fact_that_comes_again_is_a_repeat_and_no_fault() -> None:
    found = all_is_well()
    facts(found).insert(2, facts(found)[0])
    judged = judge(found)
    assert judged.findings() == []
    assert judged.repeats == 1


def _forget_the_row(found: Evidence) -> None:
    rows(found, "booking", "requests").clear()


def _forget_the_fact(found: Evidence) -> None:
    facts(found).pop(1)


def _forget_the_effect(found: Evidence) -> None:
    rows(found, "procurement", "inbox_requests").clear()


def _tell_nobody(found: Evidence) -> None:
    rows(found, "notification", "notifications").pop()


def _lose_the_mail(found: Evidence) -> None:
    assert isinstance(found.mails, dict)
    del found.mails["b1"]


def _leave_a_row_unpublished(found: Evidence) -> None:
    rows(found, "booking", "outbox").append({"id": "x", "topic": "booking.bookings"})


def _set_a_message_aside(found: Evidence) -> None:
    rows(found, "procurement", "dead_letters").append({"id": "x", "topic": "t", "cause": "c", "open": True})


def _take_a_change_back(found: Evidence) -> None:
    rows(found, "booking", "bookings")[0]["seats"] = 1


@pytest.mark.parametrize(
    "harm",
    [
        _forget_the_row,
        _forget_the_fact,
        _forget_the_effect,
        _tell_nobody,
        _lose_the_mail,
        _leave_a_row_unpublished,
        _set_a_message_aside,
        _take_a_change_back,
    ],
)
def test_what_is_lost_is_found(harm: Callable[[Evidence], None]) -> None:
    found = all_is_well()
    harm(found)
    assert judge(found).lost


def _book_beside_the_answer(found: Evidence) -> None:
    stray = {**rows(found, "booking", "bookings")[0], "id": "stray", "version": 0}
    rows(found, "booking", "bookings").append(stray)


def _tell_twice(found: Evidence) -> None:
    rows(found, "notification", "notifications").append(a_notification("again", "B-1"))
    rows(found, "notification", "notification_history").append(
        {"place": 9, "id": "again", "before": None, "after": "pending"}
    )


def _send_the_mail_twice(found: Evidence) -> None:
    assert isinstance(found.mails, dict)
    found.mails["b1"] = 2


def _take_a_fact_twice(found: Evidence) -> None:
    rows(found, "procurement", "history").append({"id": "R", "before": "withdrawn", "after": "waiting"})


def _record_a_fact_twice(found: Evidence) -> None:
    again = facts(found)[1]
    facts(found).append(Fact(again.topic, 0, 9, again.at, again.key, "another", again.type, again.version, again.body))


def _change_twice(found: Evidence) -> None:
    rows(found, "booking", "booking_history").append({"id": "B", "change": "changed"})


@pytest.mark.parametrize(
    "harm",
    [
        _book_beside_the_answer,
        _tell_twice,
        _send_the_mail_twice,
        _take_a_fact_twice,
        _record_a_fact_twice,
        _change_twice,
    ],
)
def test_what_is_done_twice_is_found(harm: Callable[[Evidence], None]) -> None:
    found = all_is_well()
    harm(found)
    assert judge(found).double


def test_a_mail_may_come_twice_where_the_notification_says_that_it_is_not_known() -> None:
    found = all_is_well()
    _send_the_mail_twice(found)
    rows(found, "notification", "notification_history").append(
        {"place": 8, "id": "b1", "before": "sending", "after": "unknown"}
    )
    judged = judge(found)
    assert judged.findings() == []
    assert judged.unknown == 1


def _swap_on_the_topic(found: Evidence) -> None:
    facts(found)[:2] = facts(found)[1::-1]


def _tell_in_the_wrong_order(found: Evidence) -> None:
    history = rows(found, "notification", "notification_history")
    history[0]["id"], history[1]["id"] = history[1]["id"], history[0]["id"]


@pytest.mark.parametrize("harm", [_swap_on_the_topic, _tell_in_the_wrong_order])
def test_a_wrong_order_is_found(harm: Callable[[Evidence], None]) -> None:
    found = all_is_well()
    harm(found)
    assert judge(found).out_of_order


def _sell_more_than_there_is(found: Evidence) -> None:
    rows(found, "booking", "pools")[0]["capacity"] = 1


def _count_wrongly(found: Evidence) -> None:
    rows(found, "booking", "pools")[0]["taken"] = 1


@pytest.mark.parametrize("harm", [_sell_more_than_there_is, _count_wrongly])
def test_overselling_is_found(harm: Callable[[Evidence], None]) -> None:
    found = all_is_well()
    harm(found)
    assert judge(found).oversold


def test_every_guard_and_point_names_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """A patch of a name that is gone raises: nothing is patched for good here."""
    kept: list[str] = []
    monkeypatch.setattr("tests.drills.guards.patch", lambda place, _wrap: kept.append(place))
    for name in GUARDS:
        go_without(name)
    monkeypatch.undo()
    for place in {*kept, *(point.place for point in POINTS.values())}:
        module, _, path = place.partition(":")
        owner: Any = __import__(module, fromlist=["_"])
        for step in path.split("."):
            owner = getattr(owner, step)
        assert callable(owner), place
