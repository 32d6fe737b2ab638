"""Calls back with delivery receipts until each is answered 200-204, or every try of the schedule is used."""

import asyncio
import time
from datetime import UTC, datetime
from http import HTTPStatus

import httpx
import structlog

from deploy.embedded.origin.sent.store import DueReceipt, SentStore

# The real provider tries at least 5 times over at least 6 hours; the first tries here are quick, for a demonstration.
PAUSES_SECONDS = (0.5, 1, 2, 5, 15, 60, 300, 900, 1800, 3600, 7200, 10800)
_PATIENCE_SECONDS = 5.0
_HELD_SECONDS = 4 * _PATIENCE_SECONDS  # connecting, sending and reading may each take their patience
_TAKEN = range(HTTPStatus.OK, HTTPStatus.NO_CONTENT + 1)
_ASLEEP_SECONDS = 3600.0

logger = structlog.get_logger(__name__)


class ReceiptCalls:
    """The task that gives receipts. They are kept in the store, so that a restart goes on where it was."""

    def __init__(self, store: SentStore, client: httpx.AsyncClient) -> None:
        self._store = store
        self._client = client
        self._awake = asyncio.Event()

    def wake(self) -> None:
        """Say that a receipt was added."""
        self._awake.set()

    async def run(self) -> None:
        """Give receipts as they fall due, until cancelled; those of an earlier run at once."""
        self._store.hasten_receipts(time.time())
        async with asyncio.TaskGroup() as calls:
            while True:
                self._awake.clear()
                for receipt in self._store.due_receipts(now := time.time()):
                    # Put off while it is being given: a crash meanwhile gives it once more, and nothing gives it twice.
                    self._store.postpone_receipt(receipt.sms_id, attempts=receipt.attempts, due=now + _HELD_SECONDS)
                    calls.create_task(self._give(receipt))
                pause = self._store.seconds_to_next_receipt()
                try:
                    async with asyncio.timeout(_ASLEEP_SECONDS if pause is None else pause):
                        await self._awake.wait()
                except TimeoutError:
                    continue

    async def _give(self, receipt: DueReceipt) -> None:
        form = {"id": receipt.sms_id, "status": receipt.status}
        if receipt.status == "delivered":
            form["delivered"] = datetime.now(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
        self._store.mark_sms(receipt.sms_id, receipt.status)
        try:
            answer = await self._client.post(receipt.url, data=form, timeout=_PATIENCE_SECONDS, follow_redirects=False)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            self._again(receipt, type(error).__name__)
            return
        if answer.status_code in _TAKEN:
            self._store.settle_receipt(receipt.sms_id)
        else:
            self._again(receipt, str(answer.status_code))

    def _again(self, receipt: DueReceipt, why: str) -> None:
        """Put the next try off by the schedule; the last failure gives the receipt up, visibly."""
        if receipt.attempts >= len(PAUSES_SECONDS):
            logger.warning("sms_receipt_given_up", sms_id=receipt.sms_id, why=why)
            self._store.settle_receipt(receipt.sms_id)
            return
        due = time.time() + PAUSES_SECONDS[receipt.attempts]
        self._store.postpone_receipt(receipt.sms_id, attempts=receipt.attempts + 1, due=due)
        self.wake()
