"""Everything of a system that somebody other than a bidder and an opener can see, as lines that can be compared.

What a period made visible is the difference between two looks: records, log lines, metrics' growth, changed rows, mail.
Ids, times and random parts are put in the place of a word, so that two periods in which the same was done are equal.
"""

import json
import re
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from deploy.embedded.environment import PARTS, SERVICES, Ports, database_name, running_environment
from deploy.messaging import service_worker
from shared.contracts.topics import TOPICS
from shared.db import open_database
from shared.messaging.settled import ServicePart, wait_until_settled
from shared.settings import SharedSettings
from tests.support.collector import Collector, ToldSpan
from tests.support.messaging import until
from tests.support.system import System

Lines = Counter[str]
Visible = dict[str, Lines]
"""By source (a topic, a log, a process's metrics, a table, a sink): how often each line came."""

_UUID = re.compile(r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b")
_TIME = re.compile(r"\b\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)?(?: UTC \[\d+\])?")
_BYTES = re.compile(r"\\+x([0-9a-f]*)")
_NUMBERED = re.compile(r'"id": \d+')  # by the database, in the order of insertion
_TOKEN = re.compile(r"[A-Za-z0-9_\-]{32,}")
_MACHINE = ("timestamp", "milliseconds", "request_id", "trace_id", "ce_id", "ce_time", "traceparent")
# What the machine's load decides, not what was done: when a process was last given its share of partitions or disk.
_LOAD = re.compile(r"checkpoint (starting|complete)|partitions_(assigned|revoked)")
_OF_THE_PROCESS = ("python_", "process_")
# Likewise in how many batches records and rows were taken up; the records themselves are counted beside.
_BATCHES = ("kurslots_consumer_batch_records", "kurslots_relay_window_rows")
_BATCH_SPANS = ("send ", "receive ")
_PLACES = ("messaging.batch.message_count", "messaging.destination.partition.id", "messaging.kafka.offset")


class Words:
    """Puts words in the place of what differs between two periods without telling anything."""

    def __init__(self, known: Mapping[str, str]) -> None:
        self._known = known
        self._pattern = re.compile(
            "|".join(re.escape(text) for text in sorted(known, key=len, reverse=True)) or r"(?!)"
        )

    def plain(self, text: str) -> str:
        """Return the text with known values named, and other ids, times, bytes and tokens as such."""
        text = self._pattern.sub(lambda found: f"<{self._known[found.group()]}>", text)
        text = _NUMBERED.sub('"id": <number>', _UUID.sub("<id>", text))
        text = _TIME.sub("<time>", text)
        text = _BYTES.sub(lambda found: f"<{len(found.group(1)) // 2} bytes>", text)
        return _TOKEN.sub("<token>", text)

    def plain_json(self, content: object) -> str:
        """Return JSON in one form, without what only tells when and in which request it was."""
        if isinstance(content, dict):
            content = {name: value for name, value in content.items() if name not in _MACHINE}
        return self.plain(json.dumps(content, sort_keys=True, ensure_ascii=False))


@dataclass(frozen=True)
class Look:
    """How far everything has come at a moment."""

    logs: dict[str, int]
    topics: dict[TopicPartition, int]
    metrics: dict[str, dict[str, float]]
    tables: dict[str, Lines]
    sent: dict[str, int]
    settled_ns: int
    done_ns: int


class Onlooker:
    """Looks at a running system from all sides, without joining in."""

    def __init__(self, system: System, http: httpx.AsyncClient, collector: Collector) -> None:
        self._system = system
        self._http = http
        self._collector = collector
        self._settings = running_environment(system.home, {})
        ports = Ports.of_running(system.home)
        self._metrics_urls = {
            f"{service} {part}": f"http://127.0.0.1:{ports.of(service, part)}"
            + (f"/{service}/metrics" if part == "web" else "/metrics")
            for service in SERVICES
            for part in PARTS
        }

    async def look(self) -> Look:
        """Wait until everything is settled, and return how far it has come."""
        await self._settle()
        settled_ns = time.time_ns()
        await until(self._measured_empty, what="outboxes measured empty")
        return Look(
            settled_ns=settled_ns,
            logs={path.name: path.stat().st_size for path in self._system.home.logs.glob("*.log")},
            topics=await self._ends(),
            metrics={name: await self._series(url) for name, url in self._metrics_urls.items()},
            tables=await self._rows(),
            sent={sink: (await self._sent(sink, 0, limit=1))["last"] for sink in ("emails", "sms")},
            done_ns=time.time_ns(),
        )

    async def _settle(self) -> None:
        settings = SharedSettings.model_validate(self._settings)
        parts = []
        for service in SERVICES:
            worker = service_worker(service)
            database = open_database(self._settings[database_name(service)], name="an onlooker", pool_size=1)
            clock = settings.make_clock()
            parts.append(ServicePart(service, database, worker.REACTIONS, worker.COPIES, worker.TIMERS, clock))
        try:
            await wait_until_settled(parts, settings, seconds=90)
        finally:
            for part in parts:
                await part.database.close()

    async def became_visible(self, before: Look, after: Look, words: Words) -> Visible:
        """Return what came between two looks."""
        visible: Visible = {}
        for name, end in after.logs.items():
            visible[f"log {name}"] = Counter(self._logged(name, before.logs.get(name, 0), end, words))
        for topic, line in await self._records(before.topics, after.topics, words):
            visible.setdefault(f"topic {topic}", Counter())[line] += 1
        for name, series in after.metrics.items():
            visible[f"metrics {name}"] = Counter(_grown(before.metrics[name], series))
        for name, rows in after.tables.items():
            old = before.tables.get(name, Counter())
            visible[f"table {name}"] = Counter(
                f"{change} {words.plain(row.partition(' ')[2])}"
                for change, changed in (("gone", old - rows), ("new", rows - old))
                for row in changed.elements()
            )
        for sink, last in before.sent.items():
            items = (await self._sent(sink, last, limit=200))["items"]
            visible[f"sent {sink}"] = Counter(words.plain_json(_message(each)) for each in items)
        return {source: lines for source, lines in visible.items() if lines}

    async def was_told_to_the_collector(self, before: Look, after: Look, words: Words) -> Visible:
        """Return the spans of what was done between two looks, once every process has told all of them.

        Each tells its spans in the order in which they end: the caller has every process do something afterwards.
        """

        async def all_told() -> bool:
            later = {span.process for span in self._collector.spans if span.begun_ns > after.done_ns}
            return later >= {f"{service}-{part}" for service in SERVICES for part in PARTS}

        await until(all_told, what="spans of every process")
        visible: Visible = {}
        for span in self._collector.spans:
            if before.done_ns < span.begun_ns < after.settled_ns:
                lines, line = visible.setdefault(f"spans {span.process}", Counter()), _span_line(span, words)
                lines[line] = 1 if span.name.startswith(_BATCH_SPANS) else lines[line] + 1
        return visible

    def _logged(self, name: str, begin: int, end: int, words: Words) -> Iterable[str]:
        with (self._system.home.logs / name).open("rb") as log:
            log.seek(begin)
            text = log.read(end - begin).decode()
        for line in text.splitlines():
            if not _LOAD.search(line):
                yield words.plain_json(json.loads(line)) if line.startswith("{") else words.plain(line)

    async def _ends(self) -> dict[TopicPartition, int]:
        consumer = AIOKafkaConsumer(bootstrap_servers=self._settings["KAFKA_BOOTSTRAP"])
        await consumer.start()
        try:
            partitions = [TopicPartition(topic.name, number) for topic in TOPICS for number in range(topic.partitions)]
            ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
        finally:
            await consumer.stop()
        return ends

    async def _records(
        self, begins: Mapping[TopicPartition, int], ends: Mapping[TopicPartition, int], words: Words
    ) -> Sequence[tuple[str, str]]:
        awaited = {partition: end for partition, end in ends.items() if end > begins[partition]}
        if not awaited:
            return []
        consumer = AIOKafkaConsumer(bootstrap_servers=self._settings["KAFKA_BOOTSTRAP"], enable_auto_commit=False)
        await consumer.start()
        lines = []
        try:
            consumer.assign(list(awaited))
            for partition in awaited:
                consumer.seek(partition, begins[partition])
            while awaited:
                for partition, records in (await consumer.getmany(timeout_ms=1000)).items():
                    lines += [(record.topic, _record_line(record, words)) for record in records]
                    if await consumer.position(partition) >= awaited[partition]:
                        consumer.pause(partition)
                        del awaited[partition]
        finally:
            await consumer.stop()
        return lines

    async def _series(self, url: str) -> dict[str, float]:
        """Return each series of a process by name and labels."""
        answer = await self._http.get(url)
        found: dict[str, float] = {}
        for family in text_string_to_metric_families(answer.raise_for_status().text):
            for sample in family.samples:
                labels = ",".join(f"{name}={value}" for name, value in sorted(sample.labels.items()))
                found[f"{family.type} {sample.name}{{{labels}}}"] = sample.value
        return found

    async def _measured_empty(self) -> bool:
        """Whether the gauges, which are brought up to date now and then, say what is so: nothing waits."""
        for name, url in self._metrics_urls.items():
            if name.endswith("worker"):
                series = await self._series(url)
                if any(value for line, value in series.items() if "kurslots_outbox" in line and "gauge" in line):
                    return False
        return True

    async def _rows(self) -> dict[str, Lines]:
        """Return the rows of every table of every service, each behind the transaction that wrote it last."""
        rows: dict[str, Lines] = {}
        for service in SERVICES:
            connection = await asyncpg.connect(self._settings[database_name(service)])
            try:
                tables = await connection.fetch(
                    "SELECT quote_ident(tablename) AS name FROM pg_tables WHERE schemaname = 'public'"
                )
                for table in tables:
                    query = f"SELECT xmin::text || ' ' || to_jsonb(t)::text FROM {table['name']} t"  # noqa: S608 - quoted
                    rows[f"{service}.{table['name']}"] = Counter(row[0] for row in await connection.fetch(query))
            finally:
                await connection.close()
        return rows

    async def _sent(self, sink: str, after: int, *, limit: int) -> dict[str, Any]:
        answer = await self._http.get(f"/sent/{sink}", params={"after": str(after), "limit": str(limit)})
        page: dict[str, Any] = answer.raise_for_status().json()
        return page


def _record_line(record: Any, words: Words) -> str:  # noqa: ANN401 - the client's record has no types
    headers = {name: value.decode() for name, value in record.headers}
    value = None if record.value is None else json.loads(record.value)
    told = {name: header for name, header in headers.items() if name not in _MACHINE}
    return words.plain_json({"key": record.key.decode(), "headers": told, "value": value})


def _span_line(span: ToldSpan, words: Words) -> str:
    attributes = {name: value for name, value in span.attributes.items() if name not in _PLACES}
    told = {"name": span.name, "kind": span.kind, "is_failed": span.is_failed, "attributes": attributes}
    return words.plain_json(told)


def _grown(before: Mapping[str, float], after: Mapping[str, float]) -> dict[str, int]:
    """Return by how much each count grew and which gauges say something; how long things took differs by chance."""
    lines: dict[str, int] = {}
    for series, value in after.items():
        kind, _, name = series.partition(" ")
        if name.startswith((*_OF_THE_PROCESS, *_BATCHES)) or re.match(r"\w+(_created|_sum|_bucket)\{", name):
            continue
        if kind == "gauge":
            lines[f"{series} {value}"] = 1
        elif series not in before or value != before[series]:
            lines[series] = round(value - before.get(series, 0))
    return lines


def _message(sent: Mapping[str, Any]) -> dict[str, Any]:
    return {name: sent[name] for name in ("to", "subject", "text", "from", "message") if name in sent}


def differences(one: Visible, other: Visible, *, hidden: Iterable[str] = ()) -> list[str]:
    """Return every line that two periods do not have in common, but for the sources that are nobody's to see."""
    found = []
    for source in sorted({*one, *other} - set(hidden)):
        left, right = one.get(source, Counter()), other.get(source, Counter())
        found += [f"{source}: only in the first, {number} times: {line}" for line, number in (left - right).items()]
        found += [f"{source}: only in the second, {number} times: {line}" for line, number in (right - left).items()]
    return found


def expect_same(one: Visible, other: Visible, *, hidden: Iterable[str] = ()) -> None:
    """Fail with every line that two periods do not have in common."""
    found = differences(one, other, hidden=hidden)
    assert not found, "\n".join(found)
