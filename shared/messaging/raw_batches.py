"""Reading one batch of records as it lies in Kafka's log, for the rare one that aiokafka cannot unpack.

Kafka takes whatever bytes for the name of a header; aiokafka raises unless they are UTF-8, and with that hides the
whole rest of the batch. The layout is that of Kafka's message format 2.
"""

import struct
from dataclasses import dataclass
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.codec import gzip_decode
from aiokafka.errors import CorruptRecordException
from aiokafka.protocol.fetch import FetchRequest
from aiokafka.record.util import calc_crc32c

_MAX_WAIT_MS, _MIN_BYTES, _MAX_BYTES = 500, 1, 1024 * 1024
_UNCOMMITTED: Final = 0
# base offset, length, leader epoch, magic, CRC; then, within what the CRC covers: attributes, last offset's delta,
# first and last timestamp, producer's id and epoch, base sequence, count of records
_FRONT = struct.Struct(">qiibI")
_COVERED = struct.Struct(">hiqqqhii")
_UP_TO_LENGTH = 12
_MAGIC = 2
_CODEC, _IS_CONTROL = 0b111, 0b100000
_NO_CODEC, _GZIP = 0, 1


@dataclass(frozen=True, slots=True)
class RawBatch:
    """The records of a batch from the asked offset on, and where the next batch begins."""

    records: list[ConsumerRecord[bytes, bytes]]
    next_offset: int


async def fetch_batch(consumer: AIOKafkaConsumer, partition: TopicPartition, offset: int) -> RawBatch | None:
    """Return the batch that holds an offset; None where nobody leads the partition now, or the codec is not ours.

    Raises CorruptRecordException, ValueError or IndexError where the batch is damaged, KafkaError where Kafka is away.
    """
    client = consumer._client  # noqa: SLF001 - aiokafka gives no bytes otherwise
    leader = client.cluster.leader_for_partition(partition)
    if leader is None or leader < 0:
        return None
    asked = [(partition.topic, [(partition.partition, offset, _MAX_BYTES)])]
    request = FetchRequest(_MAX_WAIT_MS, _MIN_BYTES, _MAX_BYTES, _UNCOMMITTED, asked)
    answer = await client.send(leader, request)
    for _, partitions in answer.topics:
        for _, error_code, _, *rest in partitions:
            if error_code == 0 and rest[-1]:
                return unpack(bytes(rest[-1]), partition, offset)
    return None


def unpack(log: bytes, partition: TopicPartition, offset: int) -> RawBatch | None:
    """Return the first batch in `log`, from `offset` on. Raises as `fetch_batch` does."""
    if len(log) < _FRONT.size + _COVERED.size:
        raise CorruptRecordException(f"{len(log)} bytes are no batch")
    base, length, _, magic, crc = _FRONT.unpack_from(log)
    batch = log[: _UP_TO_LENGTH + length]
    if magic != _MAGIC or crc != calc_crc32c(batch[_FRONT.size :]):
        raise CorruptRecordException(f"the batch at {base} is damaged")
    attributes, last_delta, first_time, *_, count = _COVERED.unpack_from(batch, _FRONT.size)
    next_offset = base + last_delta + 1
    if attributes & _IS_CONTROL:
        return RawBatch([], next_offset)
    body = batch[_FRONT.size + _COVERED.size :]
    if attributes & _CODEC == _GZIP:
        body = gzip_decode(body)
    elif attributes & _CODEC != _NO_CODEC:
        return None
    records = _Body(body).records(partition, count, base, first_time)
    return RawBatch([record for record in records if record.offset >= offset], next_offset)


class _Body:
    """The records of a batch, read from the front."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._at = 0

    def records(self, partition: TopicPartition, count: int, base: int, first_time: int) -> list[Any]:
        records = [self._record(partition, base, first_time) for _ in range(count)]
        if self._at != len(self._body):
            raise CorruptRecordException(f"{len(self._body) - self._at} bytes after the last record")
        return records

    def _record(self, partition: TopicPartition, base: int, first_time: int) -> ConsumerRecord[bytes, bytes]:
        length = self._number()
        end = self._at + length
        self._at += 1  # the record's attributes: Kafka uses none
        time = first_time + self._number()
        offset = base + self._number()
        key, value = self._bytes(), self._bytes()
        headers = tuple((self._name(), self._bytes()) for _ in range(self._number()))
        if self._at != end:
            raise CorruptRecordException(f"the record at {offset} is not as long as it says")
        sizes = [-1 if part is None else len(part) for part in (key, value)]
        return ConsumerRecord(partition.topic, partition.partition, offset, time, 0, key, value, None, *sizes, headers)

    def _name(self) -> str:
        name = self._bytes()
        if name is None:
            raise CorruptRecordException("a header has no name")
        return name.decode("utf-8", errors="backslashreplace")

    def _bytes(self) -> bytes | None:
        length = self._number()
        if length < 0:
            return None
        start, self._at = self._at, self._at + length
        return self._body[start : self._at]

    def _number(self) -> int:
        """Return the next variable-length number; its lowest bit is the sign."""
        number = shift = 0
        while True:
            byte = self._body[self._at]
            self._at += 1
            number |= (byte & 0x7F) << shift
            if byte < 0x80:  # noqa: PLR2004 - the bit that says whether there is more
                return (number >> 1) ^ -(number & 1)
            shift += 7
