"""The judge: compares what was acknowledged with what the databases, the topics and the mail sink hold.

It knows the tables and the wire and nothing of the project's code. Each finding is a sentence, so that a failed drill
says what is wrong and not only how much.
"""

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tests.drills.evidence import Evidence, Fact, Row, Sources, gather
from tests.drills.report import Report

FAILED_MAILS = "failed mails"
"""The drill's provider refuses: a notification that says it failed is no loss."""
SET_ASIDE = "set aside"
"""The drill's messages are wrong on purpose: dead letters are no loss."""

_NOT_SENT = {"failed_temporary", "failed_permanent", "failed_technical", "suppressed"}
_HEARD_OF_CASE = {
    "training_request.taken.v1": ("in_case", "in_case_too_late"),
    "training_request.declined.v1": ("declined", "declined_too_late"),
}
_TOLD_TYPES = (
    "booking.confirmed.v1",
    "booking.changed.v1",
    "booking.cancelled.v1",
    "training_request.submitted.v1",
    "training_request.withdrawn.v1",
    "training_request.taken.v1",
    "training_request.declined.v1",
)


async def check(sources: Sources, *, allowed: Collection[str] = ()) -> Report:
    """Read everything and judge it."""
    return judge(await gather(sources), allowed=allowed)


def judge(evidence: Evidence, *, allowed: Collection[str] = ()) -> Report:
    """Compare. Pure, so that the checker itself can be tested with evidence of every fault."""
    poison = {line["id"] for line in evidence.of("poison")}
    evidence = replace(evidence, facts=[fact for fact in evidence.facts if fact.id not in poison])
    first = _first_of_each(evidence.facts)
    report = Report(
        commands=len(evidence.of("sent")),
        acknowledged=len(evidence.of("answered")),
        refused=len(evidence.of("refused")),
        gave_up=len(evidence.of("gave_up")),
        facts=len(first),
        repeats=len(evidence.facts) + len(evidence.states) - len(first) - len(_first_of_each(evidence.states)),
        notifications=len(evidence.rows["notification"]["notifications"]),
    )
    report.unknown = len(_ever_unknown(evidence))
    _judge_answers(evidence, first, report)
    _judge_bookings(evidence, first, report)
    _judge_requests(evidence, first, report)
    _judge_tellings(evidence, first, report)
    _judge_mails(evidence, report, allowed)
    _judge_receipts(evidence, first, report)
    _judge_leftovers(evidence, report, allowed)
    _judge_poison(evidence, report)
    _judge_order(evidence, first, report)
    _judge_seats(evidence, report)
    _judge_promptness(evidence, first, report)
    _measure(evidence, first, report)
    return report


def _first_of_each(facts: Sequence[Fact]) -> dict[str, Fact]:
    """Return each fact where it was first written; what comes again is the same id."""
    first: dict[str, Fact] = {}
    for fact in sorted(facts, key=lambda each: (each.topic, each.key, each.partition, each.offset)):
        first.setdefault(fact.id, fact)
    return first


def _judge_answers(evidence: Evidence, first: Mapping[str, Fact], report: Report) -> None:
    """What was acknowledged is in the database, and its fact on its topic."""
    told = {(fact.key, fact.type) for fact in first.values()}
    exact = {(fact.key, fact.type, fact.version) for fact in first.values()}
    made: dict[tuple[str, str], int] = {}
    rows = _rows_of_answers(evidence)
    for answer in evidence.of("answered"):
        what, key, version, fact = answer["what"], answer["id"], answer["version"], answer["fact"]
        number = f"command {answer['number']} ({what} {key}, version {version})"
        if what in ("book", "draft"):
            if (what, key) in made:
                report.double.append(f"{number} was answered with what command {made[what, key]} had made")
            made[what, key] = answer["number"]
        wrong = _what_is_wrong(answer, rows.get(key))
        if wrong:
            report.lost.append(f"{number} was acknowledged {wrong}")
        is_versioned = what not in ("offer_run", "decide")
        if fact is not None and not ((key, fact, version) in exact if is_versioned else (key, fact) in told):
            report.lost.append(f"{number} was acknowledged, and its {fact} is not on the topic")


def _rows_of_answers(evidence: Evidence) -> dict[str, Row]:
    """Return the row that each answer is about, by its id."""
    booking, procurement = evidence.rows["booking"], evidence.rows["procurement"]
    tables = (booking["bookings"], booking["requests"], procurement["cases"])
    found = {row["id"]: row for table in tables for row in table}
    return found | {row["run_id"]: row for row in booking["pools"]}


def _what_is_wrong(answer: Row, row: Row | None) -> str | None:
    """Return how a row differs from what was acknowledged; later versions may be different."""
    what, version = answer["what"], answer["version"]
    if row is None:
        return "and is not in the database"
    if what in ("offer_run", "decide"):
        return None
    if row["version"] < version:
        return f"and is at version {row['version']}"
    if what in ("book", "change") and row["version"] == version and row["seats"] != answer["seats"]:
        return f"with {answer['seats']} seats, and there are {row['seats']}"
    if what == "cancel" and row["state"] != "cancelled":
        return f"and the booking is {row['state']}"
    return None


def _judge_bookings(evidence: Evidence, first: Mapping[str, Fact], report: Report) -> None:
    """Every booking was acknowledged once, and each of its versions is one fact and one line of its history."""
    answered = {answer["id"] for answer in evidence.of("answered") if answer["what"] == "book"}
    orphans = sum(answer["what"] == "book" for answer in evidence.of("gave_up"))
    strays = [row["id"] for row in evidence.rows["booking"]["bookings"] if row["id"] not in answered]
    report.double += [f"booking {each} was made beside the one that was acknowledged" for each in strays[orphans:]]
    versions: dict[str, list[int]] = defaultdict(list)
    for fact in first.values():
        if fact.topic == "booking.bookings":
            versions[fact.key].append(fact.version)
    changes = Counter(row["id"] for row in evidence.rows["booking"]["booking_history"])
    for row in evidence.rows["booking"]["bookings"]:
        expected, told = list(range(1, row["version"] + 1)), sorted(versions[row["id"]])
        missing = sorted(set(expected) - set(told))
        if missing:
            report.lost.append(f"booking {row['id']}: versions {missing} are not on the topic")
        if len(told) > len(set(told)) or set(told) - set(expected):
            report.double.append(f"booking {row['id']} is at version {row['version']}; the topic has {told}")
        if changes[row["id"]] != row["version"]:
            report.double.append(f"booking {row['id']} at version {row['version']} changed {changes[row['id']]} times")


def _judge_requests(evidence: Evidence, first: Mapping[str, Fact], report: Report) -> None:
    """Each fact of a request took effect in the other service, once."""
    answered = {answer["id"] for answer in evidence.of("answered") if answer["what"] == "draft"}
    orphans = sum(answer["what"] == "draft" for answer in evidence.of("gave_up"))
    strays = [row["id"] for row in evidence.rows["booking"]["requests"] if row["id"] not in answered]
    report.double += [f"request {each} was made beside the one that was acknowledged" for each in strays[orphans:]]
    told: dict[str, Counter[str]] = defaultdict(Counter)
    for fact in first.values():
        if fact.type.startswith("training_request."):
            told[fact.key][fact.type] += 1
    there = {row["id"]: row for row in evidence.rows["procurement"]["inbox_requests"]}
    heard = Counter((row["id"], _heard(row)) for row in evidence.rows["procurement"]["history"])
    known = Counter((row["id"], row["change"]) for row in evidence.rows["booking"]["request_history"])
    for key, types in told.items():
        if types["training_request.submitted.v1"] and key not in there:
            report.lost.append(f"request {key} was submitted and has not come to procurement")
        _compare(
            report,
            f"request {key} withdrawn, in procurement",
            types["training_request.withdrawn.v1"],
            heard[key, "withdrawn"],
        )
        came = types["training_request.submitted.v1"] + types["training_request.returned.v1"]
        if heard[key, "waiting"] > came:
            report.double.append(f"request {key} came {heard[key, 'waiting']} times to procurement; it was told {came}")
        for fact_type, changes in _HEARD_OF_CASE.items():
            _compare(
                report, f"{fact_type} of {key}, in booking", types[fact_type], sum(known[key, each] for each in changes)
            )


def _heard(row: Row) -> str:
    """Return what procurement has heard; a withdrawal that comes too late is noted without a change of state."""
    return "withdrawn" if row["before"] == row["after"] else str(row["after"])


def _compare(report: Report, what: str, told: int, done: int) -> None:
    if done < told:
        report.lost.append(f"{what}: told {told} times, took effect {done} times")
    elif done > told:
        report.double.append(f"{what}: told {told} times, took effect {done} times")


def _judge_tellings(evidence: Evidence, first: Mapping[str, Fact], report: Report) -> None:
    """Everyone whom a fact names is told of it, once over each channel."""
    made = Counter(
        (row["cause_id"], row["recipient_id"], row["channel"]) for row in evidence.rows["notification"]["notifications"]
    )
    for (cause, recipient, channel), count in made.items():
        if count > 1:
            report.double.append(f"fact {cause} was told to {recipient} {count} times by {channel}")
        if cause not in first:
            report.lost.append(f"a notification tells of {cause}, which is on no topic")
    for fact in first.values():
        if fact.type not in _TOLD_TYPES or fact.body is None or fact.body.get("with_run"):
            continue
        for recipient in fact.body["recipients"]:
            if (fact.id, recipient["id"], "email") not in made:
                report.lost.append(f"{fact.type} of {fact.key} was not told to {recipient['part']} {recipient['id']}")


def _judge_mails(evidence: Evidence, report: Report, allowed: Collection[str]) -> None:
    """Every notification arrived once, or says that this is not known, or that it failed.

    An SMS is followed where the drill's own provider has written down what arrived.
    """
    unknown = _ever_unknown(evidence)
    arrivals = _arrivals(evidence)
    channels = {"email", *(line["channel"] for line in evidence.of("arrived"))}
    for row in evidence.rows["notification"]["notifications"]:
        if row["channel"] not in channels:
            continue
        arrived, state = arrivals[row["id"]], row["state"]
        told = f"notification {row['id']} ({row['kind']} by {row['channel']})"
        if arrived > 1 and row["id"] not in unknown:
            report.double.append(f"{told} arrived {arrived} times")
        if state in ("sent", "delivered") and not arrived and row["id"] not in unknown:
            report.lost.append(f"{told} is {state} and did not arrive")
        if state in ("pending", "sending") or (state in _NOT_SENT and FAILED_MAILS not in allowed):
            report.lost.append(f"{told} is still {state}")


def _arrivals(evidence: Evidence) -> Counter[str]:
    """Count what arrived by the notification; an SMS says only to which address its receipt goes."""
    by_receipt = {row["receipt"]: row["id"] for row in evidence.rows["notification"].get("attempts", ())}
    counted = Counter(dict(evidence.mails))
    for line in evidence.of("arrived"):
        counted[line["id"] if line["channel"] == "email" else by_receipt.get(line["receipt"], "")] += 1
    return counted


def _judge_receipts(evidence: Evidence, first: Mapping[str, Fact], report: Report) -> None:
    """What a provider says first stands, however often and late it says something; the others are told of it once."""
    notifications = {row["id"]: row["state"] for row in evidence.rows["notification"]["notifications"]}
    of_attempt = {row["receipt"]: row["id"] for row in evidence.rows["notification"].get("attempts", ())}
    for line in evidence.of("receipt"):
        state = notifications.get(of_attempt.get(line["receipt"], ""), "not there")
        if line["status"] == "delivered" and state != "delivered":
            report.lost.append(f"a receipt says delivered (answered {line['answer']}), and its notification is {state}")
    told = Counter(fact.key for fact in first.values() if fact.type == "notification.delivered.v1")
    report.double += [
        f"notification {key} was told as delivered {count} times" for key, count in told.items() if count > 1
    ]


def _ever_unknown(evidence: Evidence) -> set[str]:
    return {row["id"] for row in evidence.rows["notification"]["notification_history"] if row["after"] == "unknown"}


def _judge_leftovers(evidence: Evidence, report: Report, allowed: Collection[str]) -> None:
    for service, tables in evidence.rows.items():
        report.lost += [f"{service} has not published {row['id']} to {row['topic']}" for row in tables["outbox"]]
        report.lost += [f"{service} publishes {row['key']} on {row['topic']} no more" for row in tables["stopped_keys"]]
        if SET_ASIDE not in allowed:
            report.lost += [
                f"{service} has set {row['id']} of {row['topic']} aside: {row['cause']}"
                for row in tables["dead_letters"]
                if row["open"]
            ]
    if evidence.unreadable and SET_ASIDE not in allowed:
        report.lost.append(f"{evidence.unreadable} records on the topics are not ours to read")


def _judge_poison(evidence: Evidence, report: Report) -> None:
    """What the drill put on a topic to be set aside was, once, and an operator has settled it."""
    aside = [row for tables in evidence.rows.values() for row in tables["dead_letters"]]
    times = Counter(row["id"] for row in aside)
    still_open = {row["id"] for row in aside if row["open"]}
    for line in evidence.of("poison"):
        expected, found = int(line["set_aside"]), times[line["id"]]
        if found < expected or line["id"] in still_open:
            report.lost.append(f"{line['what']} was set aside {found} times, and {expected} are settled")
        elif found > expected:
            report.double.append(f"{line['what']} was set aside {found} times, not {expected}")


def _judge_order(evidence: Evidence, first: Mapping[str, Fact], report: Report) -> None:
    """On each key no new fact comes behind a later version, and people are told in that order."""
    for facts in (evidence.facts, evidence.states):
        highest: dict[tuple[str, str], Fact] = {}
        seen: set[str] = set()
        for fact in facts:
            if fact.id in seen:
                continue
            seen.add(fact.id)
            last = highest.get((fact.topic, fact.key))
            if last is not None and (fact.version <= last.version or fact.partition != last.partition):
                report.out_of_order.append(
                    f"{fact.topic} {fact.key}: version {fact.version} at {fact.partition}/{fact.offset} came after "
                    f"version {last.version} at {last.partition}/{last.offset}"
                )
            else:
                highest[fact.topic, fact.key] = fact
    made: dict[str, int] = {}
    for row in evidence.rows["notification"]["notification_history"]:
        made.setdefault(row["id"], row["place"])
    told: dict[tuple[str, ...], list[tuple[int, int]]] = defaultdict(list)
    for row in evidence.rows["notification"]["notifications"]:
        if (cause := first.get(row["cause_id"])) is not None:
            told[cause.topic, cause.key, row["recipient_id"], row["channel"]].append((made[row["id"]], cause.version))
    for (topic, key, recipient, _), places in told.items():
        versions = [version for _, version in sorted(places)]
        if versions != sorted(versions):
            report.out_of_order.append(f"{topic} {key} was told to {recipient} in the order {versions}")


def _judge_seats(evidence: Evidence, report: Report) -> None:
    """No pool gives more than it has, and what it counts as taken is what bookings hold."""
    tables = evidence.rows["booking"]
    live = {row["id"] for row in tables["bookings"] if row["state"] == "confirmed"}
    held = Counter(row["pool_id"] for row in tables["seats"] if row["booking_id"] in live)
    by_booking = Counter(row["booking_id"] for row in tables["seats"])
    for pool in tables["pools"]:
        if held[pool["id"]] > pool["capacity"]:
            report.oversold.append(f"pool {pool['id']} has {pool['capacity']} seats, and {held[pool['id']]} are booked")
        if held[pool["id"]] != pool["taken"]:
            report.oversold.append(f"pool {pool['id']} counts {pool['taken']} as taken; {held[pool['id']]} are booked")
    for row in tables["bookings"]:
        seats = row["seats"] if row["id"] in live else 0
        if by_booking[row["id"]] != seats:
            report.oversold.append(f"booking {row['id']} is for {seats} seats and has {by_booking[row['id']]}")


def _measure(evidence: Evidence, first: Mapping[str, Fact], report: Report) -> None:
    """How long a command took at worst from being sent until its fact lay on Kafka and had its effects."""
    sent = {line["number"]: line["at"] for line in evidence.of("sent")}
    effects: dict[str, float] = {}
    for tables in evidence.rows.values():
        for row in tables["inbox"]:
            effects[row["id"]] = max(effects.get(row["id"], 0.0), row["at"])
    ends: dict[tuple[str, str, Any], float] = {}
    for fact in first.values():
        ends[fact.key, fact.type, fact.version] = max(fact.at, effects.get(fact.id, 0.0))
    spans = sorted(
        (sent[answer["number"]], ends[answer["id"], answer["fact"], answer["version"]])
        for answer in evidence.of("answered")
        if (answer["id"], answer["fact"], answer["version"]) in ends
    )
    report.longest_stall = max((end - began for began, end in spans), default=None)
    recovered = []
    marks = evidence.of("mark")
    mended = [mark for mark in marks if mark["what"].startswith("mended")]
    for mark in mended or marks:
        after = [end for _, end in spans if end > mark["at"]]
        if after:
            recovered.append(min(after) - mark["at"])
    report.recovery = max(recovered, default=None)


def _judge_promptness(evidence: Evidence, first: Mapping[str, Fact], report: Report) -> None:
    """Where a drill says so, publishing goes on within some seconds of its mark."""
    for mark in evidence.of("mark"):
        if mark.get("within") is None:
            continue
        took = min((fact.at - mark["at"] for fact in first.values() if fact.at > mark["at"]), default=None)
        if took is None or took > mark["within"]:
            waited = "never" if took is None else f"{took:.1f} s later"
            report.late.append(f"after “{mark['what']}” something was published {waited}, not in {mark['within']} s")
