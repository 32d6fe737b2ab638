"""Nothing that others can see tells whether anybody has bid, and until the award nothing tells who or what.

Two purchases are prepared alike. In one nobody bids, in the other three suppliers do, one replacing its bid and one
taking it back and bidding again; in the first they read as often instead, for how often suppliers ask is no secret.
Everything that becomes visible meanwhile is compared (DESIGN §8).
"""

import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import asyncpg
import httpx
import pytest

from deploy.demo.client import Cast
from deploy.embedded.environment import running_environment
from shared.kernel.clock import OffsetFileClock, machine_now, read_offset, write_offset
from tests.support.collector import Collector, running_collector
from tests.support.system import System
from tests.system.answers import CASE_OFFICERS, NEIGHBOURS, NOT_OF_A_PURCHASE, OTHERS, Reader, changed
from tests.system.purchase import (
    BIDDERS,
    BOOKING,
    OFFICER,
    OPENER,
    PROCUREMENT,
    Place,
    Purchase,
    a_bid,
    find_project,
    open_for_bids,
    with_an_onlooker,
)
from tests.system.visible import Look, Onlooker, Visible, Words, differences, expect_same

pytestmark = pytest.mark.timeout(1200)

BOXES = {"table procurement.sealed_bids"}
OPENED = {"table procurement.bids", "table procurement.scores"}
PRICES_ORE = (18_412_300, 21_534_500, 16_956_700)


@dataclass
class Twin:
    """One of the two purchases, and what became visible in each of its periods."""

    purchase: Purchase
    looks: dict[str, tuple[Look, Look]] = field(default_factory=dict)
    bidding: Visible = field(default_factory=dict)
    own_before_opening: Visible = field(default_factory=dict)
    shared_before_opening: Visible = field(default_factory=dict)
    opening: Visible = field(default_factory=dict)
    evaluating: Visible = field(default_factory=dict)
    own_after_opening: Visible = field(default_factory=dict)
    shared_after_opening: Visible = field(default_factory=dict)


@dataclass
class Comparison:
    """The two, the bids as its officers read them, and the parameters of routes that were not read."""

    without: Twin
    with_bids: Twin
    bids_opened: list[dict[str, Any]] = field(default_factory=list)
    traces: dict[str, tuple[Visible, Visible]] = field(default_factory=dict)
    unread: set[str] = field(default_factory=set)


@dataclass
class _Stage:
    system: System
    cast: Cast
    place: Place
    clock: OffsetFileClock
    onlooker: Onlooker
    reader: Reader
    words: Words

    async def plainly(self, person: str, method: str, path: str, body: object = None) -> Any:  # noqa: ANN401 - JSON
        """Ask without an `Idempotency-Key`, as a supplier's own client may."""
        answer = await self.cast.http.request(method, path, json=body, headers=await self.cast._signed(person))
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None


@pytest.fixture(scope="module")
def collector(system: System) -> Iterator[Collector]:
    """Have the system tell its spans for as long as this module runs; else it does not, and needs less memory."""
    with running_collector() as collector:
        told = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "500"}
        system.down()
        system.environment |= told
        system.up()
        yield collector
        system.down()
        for name in told:
            del system.environment[name]


@pytest.fixture(scope="module")
async def stage(system: System, collector: Collector) -> AsyncIterator[_Stage]:
    async with httpx.AsyncClient(base_url=system.url, timeout=60, trust_env=False) as http:
        cast = Cast(system.url, http)
        place = await with_an_onlooker(cast, await find_project(cast))
        clock = OffsetFileClock(system.home.clock)
        reader = await Reader.of(cast, place)
        words = Words(await _known(cast, place))
        yield _Stage(system, cast, place, clock, Onlooker(system, http, collector), reader, words)


@pytest.fixture(scope="module")
async def compared(stage: _Stage) -> Comparison:
    """Carry both purchases from the invitation to the eve of the award."""
    deadline = stage.clock.now() + timedelta(hours=1)
    one, other = [Twin(await open_for_bids(stage.cast, stage.place, deadline)) for _ in range(2)]
    stage.words = Words(await _known(stage.cast, stage.place) | _named(one.purchase) | _named(other.purchase))
    comparison = Comparison(one, other)
    comparison.unread = stage.reader.unread(one.purchase)
    later = deadline + timedelta(minutes=10)
    around = await _read_shared(stage, one, officers=True)
    for twin, bids in ((one, False), (other, True)):
        await _bidding(stage, twin, later, bids=bids)
        before, around = around, await _read_shared(stage, twin, officers=True)
        twin.shared_before_opening = changed(before, around)
        twin.own_before_opening = await stage.reader.read_own(twin.purchase, (*OTHERS, *CASE_OFFICERS), stage.words)
    write_offset(stage.system.home.clock, read_offset(stage.system.home.clock) + (later - stage.clock.now()))
    around = await _read_shared(stage, one, officers=False)
    for twin in (one, other):
        comparison.bids_opened = await _opening(stage, twin)
        before, around = around, await _read_shared(stage, twin, officers=False)
        twin.shared_after_opening = changed(before, around)
        twin.own_after_opening = await stage.reader.read_own(twin.purchase, OTHERS, stage.words)
    comparison.traces = await _traces(stage, one, other)
    return comparison


async def _traces(stage: _Stage, one: Twin, other: Twin) -> dict[str, tuple[Visible, Visible]]:
    """Return the spans of each period of both, once something was done in every process after the last of them."""
    await open_for_bids(stage.cast, stage.place, stage.clock.now() + timedelta(hours=1))
    for service in ("booking", "procurement", "notification"):
        await stage.cast.http.get(f"/{service}/nothing")
    told = stage.onlooker.was_told_to_the_collector
    return {
        period: (await told(*one.looks[period], stage.words), await told(*other.looks[period], stage.words))
        for period in one.looks
    }


async def _read_shared(stage: _Stage, twin: Twin, *, officers: bool) -> Visible:
    people = (*NEIGHBOURS, *CASE_OFFICERS) if officers else NEIGHBOURS
    return await stage.reader.read_shared(twin.purchase, people, stage.words)


async def _bidding(stage: _Stage, twin: Twin, later: datetime, *, bids: bool) -> None:
    """Let the suppliers bid or read, and the officer move the deadline: an event and mail of both."""
    first = await stage.onlooker.look()
    actions = [(person, "PUT", price) for person, price in zip(BIDDERS, PRICES_ORE, strict=True)]
    actions += [(BIDDERS[0], "PUT", PRICES_ORE[0] - 100), (BIDDERS[2], "DELETE", 0), (BIDDERS[2], "PUT", PRICES_ORE[2])]
    for person, method, price in actions:
        path = f"{twin.purchase.of_supplier(stage.place.suppliers[person])}/bid"
        body = a_bid(twin.purchase, stage.clock, price) if method == "PUT" else None
        await (stage.plainly(person, method, path, body) if bids else stage.plainly(person, "GET", path))
    moved = {"deadline": later.isoformat(), "reason": "En fråga besvarades sent."}
    await stage.cast.do(OFFICER, "PATCH", f"{twin.purchase.path}/deadline", moved)
    last = await stage.onlooker.look()
    twin.bidding = await stage.onlooker.became_visible(first, last, stage.words)
    twin.looks["bidding"] = (first, last)


async def _opening(stage: _Stage, twin: Twin) -> list[dict[str, Any]]:
    """Open, and look at what there is: score each bid, or look as often again."""
    first = await stage.onlooker.look()
    for officer in (OFFICER, OPENER):
        await stage.cast.do(officer, "POST", f"{twin.purchase.path}/opening")
    opened = await stage.onlooker.look()
    twin.opening = await stage.onlooker.became_visible(first, opened, stage.words)
    listed = f"{twin.purchase.path}/bids"
    bids: list[dict[str, Any]] = (await stage.plainly(OFFICER, "GET", listed))["bids"]
    score = {"criterion_id": twin.purchase.criterion_id, "points": "8", "reason": "Övningarnas omfattning."}
    for bid in bids:
        await stage.plainly(OFFICER, "PUT", f"{PROCUREMENT}/bids/{bid['bid_id']}/scores", {"scores": [score]})
    for _ in range(len(BIDDERS) - len(bids)):
        await stage.plainly(OFFICER, "GET", listed)
    last = await stage.onlooker.look()
    twin.evaluating = await stage.onlooker.became_visible(opened, last, stage.words)
    twin.looks |= {"opening": (first, opened), "evaluating": (opened, last)}
    return bids


async def _known(cast: Cast, place: Place) -> dict[str, str]:
    """Name the people, and the place they meet in."""
    people = [person for person in (*OTHERS, *CASE_OFFICERS) if not person.startswith(("new.", "supplier."))]
    known = {(await cast.get(person, f"{BOOKING}/me"))["person"]["person_id"]: person for person in people}
    known |= {supplier_id: person for person, supplier_id in place.suppliers.items()}
    return known | {place.project_id: "project", place.buyer_id: "buyer", place.employer_id: "employer"}


def _named(purchase: Purchase) -> dict[str, str]:
    return {value: name for name, value in vars(purchase).items()}


def test_everything_visible_before_the_opening_is_the_same_with_no_bid_and_with_three(compared: Comparison) -> None:
    expect_same(compared.without.bidding, compared.with_bids.bidding, hidden=BOXES)


def test_nobodys_answers_before_the_opening_depend_on_bids(compared: Comparison) -> None:
    one, other = compared.without, compared.with_bids
    assert compared.unread <= NOT_OF_A_PURCHASE, "a new route's object is to be read here too"
    expect_same(one.own_before_opening, other.own_before_opening)
    expect_same(one.shared_before_opening, other.shared_before_opening)


def test_the_opening_tells_nothing_outside_the_tables_of_opened_bids(compared: Comparison) -> None:
    expect_same(compared.without.opening, compared.with_bids.opening, hidden=OPENED)
    assert compared.with_bids.opening["table procurement.bids"].total() == len(BIDDERS)


def test_evaluating_tells_nothing_outside_the_tables_of_opened_bids(compared: Comparison) -> None:
    expect_same(compared.without.evaluating, compared.with_bids.evaluating, hidden=OPENED)


def test_before_the_award_nobody_but_the_cases_officers_reads_anything_of_the_bids(compared: Comparison) -> None:
    one, other = compared.without, compared.with_bids
    expect_same(one.own_after_opening, other.own_after_opening)
    expect_same(one.shared_after_opening, other.shared_after_opening)
    assert sorted(bid["price_ore"] for bid in compared.bids_opened) == sorted(
        (PRICES_ORE[0] - 100, PRICES_ORE[1], PRICES_ORE[2])
    )


@pytest.mark.parametrize("period", ["bidding", "opening", "evaluating"])
def test_traces_tell_nothing_of_the_bids(compared: Comparison, period: str) -> None:
    expect_same(*compared.traces[period])


def test_traces_tell_of_an_ordinary_command_and_of_what_it_causes(compared: Comparison) -> None:
    """Without this, two collectors that were told nothing would be equal too."""
    told, _ = compared.traces["bidding"]
    names = {(source, json.loads(line)["name"]) for source, lines in told.items() for line in lines}
    moved = f"PATCH {PROCUREMENT}/procedures/{{procedure_id}}/deadline"
    assert names >= {
        ("spans procurement-web", moved),
        ("spans procurement-web", "create procurement.procedures"),
        ("spans notification-worker", "process procurement.procedures"),
        ("spans notification-worker", "hand over email"),
    }
    (supplier,) = [line for line in told["spans procurement-web"] if json.loads(line)["name"] == "any supplier"]
    assert told["spans procurement-web"][supplier] == 6
    assert json.loads(supplier)["attributes"] == {
        "http.route": "supplier",
        "http.request.method": "any",
        "http.response.status_code": "2xx",
    }


def test_the_comparison_finds_a_span_of_its_own(compared: Comparison) -> None:
    without, with_bids = (deepcopy(each) for each in compared.traces["bidding"])
    with_bids["spans procurement-web"]['{"name": "seal bid"}'] += 1
    assert len(differences(without, with_bids)) == 1


def test_a_box_is_all_that_a_bid_leaves(compared: Comparison) -> None:
    boxes = compared.with_bids.bidding["table procurement.sealed_bids"]
    assert boxes.total() == len(BIDDERS)
    assert "table procurement.sealed_bids" not in compared.without.bidding
    for secret in (*(str(price) for price in PRICES_ORE), *BIDDERS):
        assert not [box for box in boxes if secret in box]


def test_the_onlooker_sees_an_ordinary_command_from_every_side(compared: Comparison) -> None:
    """Without this, two blind looks would be equal too: moving the deadline is told in each place."""
    seen = compared.without.bidding
    assert seen["topic procurement.procedures"].total() == len(BIDDERS) + 1
    assert seen["sent emails"].total() == len(BIDDERS) + 1
    assert [line for line in seen["table procurement.history"] if "En fråga besvarades sent." in line]
    assert [line for line in seen["log procurement-web.log"] if "/deadline" in line]
    assert seen["metrics procurement web"].total() > 0
    suppliers = [line for line in seen["log procurement-web.log"] if '"route": "supplier"' in line]
    assert len(suppliers) == 1
    assert '"method": "any"' in suppliers[0]
    assert '"status": "2xx"' in suppliers[0]
    assert "person" not in suppliers[0]
    assert seen["log procurement-web.log"][suppliers[0]] == 6


LEAKS = {
    "an event to a topic": ("topic procurement.procedures", '{"headers": {"ce_type": "bid.received.v1"}}'),
    "a row in the outbox": ("table procurement.outbox", 'new {"topic": "procurement.procedures"}'),
    "a row of history": ("table procurement.history", 'new {"what": "bid"}'),
    "a count beside the procedure": ("table procurement.procedures", 'new {"bids": 1}'),
    "a line in a log": ("log procurement-web.log", '{"event": "bid_received"}'),
    "a series of its own": ("metrics procurement web", "counter kurslots_bids_total{}"),
    "one more request in the metrics": ("metrics procurement web", None),
    "an e-mail": ("sent emails", '{"subject": "Ert anbud är mottaget"}'),
}  # fmt: skip


@pytest.mark.parametrize("leak", LEAKS)
def test_the_comparison_finds_a_leak_where_there_is_one(compared: Comparison, leak: str) -> None:
    source, line = LEAKS[leak]
    leaky = deepcopy(compared.with_bids.bidding)
    leaky.setdefault(source, Counter())[line or next(iter(leaky[source]))] += 1
    (found,) = differences(compared.without.bidding, leaky, hidden=BOXES)
    assert found.startswith(f"{source}: only in the second, 1 times")


def test_the_comparison_finds_a_count_in_an_answer(compared: Comparison) -> None:
    leaky = deepcopy(compared.with_bids.own_before_opening)
    source = next(each for each in leaky if each.startswith("answer to lead.dalarna") and each.endswith("<case_id>"))
    (line,) = leaky[source]
    leaky[source] = Counter([line.replace("}", ', "bids": 3}', 1)])
    assert len(differences(compared.without.own_before_opening, leaky)) == 2


async def test_a_row_that_is_written_again_without_a_change_is_seen(stage: _Stage) -> None:
    before = await stage.onlooker.look()
    connection = await asyncpg.connect(running_environment(stage.system.home, {})["PROCUREMENT_DATABASE_URL"])
    try:
        await connection.execute("UPDATE buyers SET name = name WHERE id = $1", stage.place.buyer_id)
    finally:
        await connection.close()
    visible = await stage.onlooker.became_visible(before, await stage.onlooker.look(), stage.words)
    assert visible["table procurement.buyers"].total() == 2


async def test_the_stored_answer_to_a_bid_can_be_read_by_nobody(stage: _Stage) -> None:
    purchase = await open_for_bids(stage.cast, stage.place, stage.clock.now() + timedelta(hours=1))
    supplier_id = stage.place.suppliers[BIDDERS[0]]
    at = machine_now()
    receipt = await stage.cast.do(
        BIDDERS[0], "PUT", f"{purchase.of_supplier(supplier_id)}/bid", a_bid(purchase, stage.clock, PRICES_ORE[0])
    )
    connection = await asyncpg.connect(running_environment(stage.system.home, {})["PROCUREMENT_DATABASE_URL"])
    try:
        rows = await connection.fetch("SELECT * FROM idempotency_keys WHERE created_at >= $1", at)
    finally:
        await connection.close()
    (row,) = rows
    whole = b"".join(value for value in row.values() if isinstance(value, bytes))
    for secret in (receipt["receipt"], purchase.procedure_id, supplier_id, "received", str(PRICES_ORE[0])):
        assert secret.encode() not in whole
    assert len(row["answer"]) > 1024
