"""An SMS gateway of 46elks' shape: POST form at `/sms/a1/sms`, HTTP Basic, and the delivery receipt called back.

Sends nothing. Behaviour that can be set for a number: `failed` (taken, the receipt says failed), `silent` (taken, no
receipt), `refused` (403), `unavailable` (503), `lost` (kept, but answered 500, so that the sender cannot know).
"""

import base64
import re
import secrets
import time
from datetime import UTC, datetime
from http import HTTPStatus
from ipaddress import ip_address
from math import ceil
from urllib.parse import urlsplit

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response

from deploy.embedded.origin.sent.receipts import ReceiptCalls
from deploy.embedded.origin.sent.store import SentStore

BEHAVIOURS = ("failed", "silent", "refused", "unavailable", "lost")
COST_PER_PART = 5_200  # in 1/10 000 SEK, so 0,52 kr: invented, in the size of a real price
RECEIPT_AFTER_SECONDS = 0.2
MAX_CHARACTERS = 2_000
NUMBER = re.compile(r"\+[1-9]\d{6,14}")
_SENDER = re.compile(r"[A-Za-z][A-Za-z0-9]{0,10}")
_GSM_7 = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_7_EXTENDED = frozenset("€[]{}\\^~|\f")


def parts_of(text: str) -> int:
    """How many SMS a text takes: 160 or 153 GSM-7 characters each, or 70 or 67 units of UCS-2 (3GPP TS 23.038)."""
    if all(character in _GSM_7 or character in _GSM_7_EXTENDED for character in text):
        units = sum(2 if character in _GSM_7_EXTENDED else 1 for character in text)
        return 1 if units <= 160 else ceil(units / 153)  # noqa: PLR2004 - the standard's sizes
    units = len(text.encode("utf-16-be")) // 2
    return 1 if units <= 70 else ceil(units / 67)  # noqa: PLR2004 - the standard's sizes


def is_loopback_url(url: str) -> bool:
    """Whether a receipt may be sent there: this machine only, whatever the name would resolve to later."""
    split = urlsplit(url)
    if split.scheme not in {"http", "https"} or split.hostname is None:
        return False
    if split.hostname == "localhost":
        return True
    try:
        return ip_address(split.hostname).is_loopback
    except ValueError:
        return False


class SmsGateway:
    """The gateway's one route."""

    def __init__(self, store: SentStore, receipts: ReceiptCalls, *, user: str, password: str) -> None:
        self._store = store
        self._receipts = receipts
        self._account = f"{user}:{password}".encode()

    async def send(self, request: Request) -> Response:
        """Answer as 46elks does: JSON for what was taken, a line of plain text for what was not."""
        if not self._is_signed_in(request.headers.get("authorization", "")):
            return PlainTextResponse(
                "API access requires Basic HTTP authentication",
                HTTPStatus.UNAUTHORIZED,
                {"www-authenticate": 'Basic realm="sms"'},
            )
        form = await request.form(max_files=0, max_fields=20)
        fields = {name: _line(form, name) for name in ("from", "to", "message", "whendelivered", "dontlog")}
        if wrong := _what_is_wrong(fields):
            return PlainTextResponse(wrong, HTTPStatus.BAD_REQUEST)
        behaviour = self._store.behaviour_for("sms", fields["to"])
        if behaviour == "refused":
            return PlainTextResponse("Not allowed to send to this number", HTTPStatus.FORBIDDEN)
        if behaviour == "unavailable":
            return PlainTextResponse("Try again later", HTTPStatus.SERVICE_UNAVAILABLE)
        taken = self._keep(fields, behaviour)
        if behaviour == "lost":
            return PlainTextResponse("Internal error", HTTPStatus.INTERNAL_SERVER_ERROR)
        return JSONResponse(taken)

    def _keep(self, fields: dict[str, str], behaviour: str | None) -> dict[str, str | int]:
        sms_id = f"s{secrets.token_hex(16)}"
        now = datetime.now(UTC)
        parts = parts_of(fields["message"])
        taken: dict[str, str | int] = {
            "id": sms_id,
            "status": "created",
            "direction": "outgoing",
            "created": now.replace(tzinfo=None).isoformat(timespec="microseconds"),
            "from": fields["from"],
            "to": fields["to"],
            "parts": parts,
            "cost": parts * COST_PER_PART,
        }
        kept = {**taken, "message": fields["message"], "dontlog": fields["dontlog"] == "message"}
        self._store.add("sms", at=now.isoformat(timespec="milliseconds"), recipients=[fields["to"]], body=kept)
        if fields["whendelivered"] and behaviour not in {"silent", "lost"}:
            self._store.promise_receipt(
                sms_id=sms_id,
                url=fields["whendelivered"],
                status="failed" if behaviour == "failed" else "delivered",
                due=time.time() + RECEIPT_AFTER_SECONDS,
            )
            self._receipts.wake()
        return taken if kept["dontlog"] else {**taken, "message": fields["message"]}

    def _is_signed_in(self, header: str) -> bool:
        scheme, _, credentials = header.partition(" ")
        if scheme.lower() != "basic":
            return False
        try:
            given = base64.b64decode(credentials, validate=True)
        except ValueError:  # no base64, or no ASCII
            return False
        return secrets.compare_digest(given, self._account)


def _line(form: FormData, name: str) -> str:
    value = form.get(name, "")
    return value if isinstance(value, str) else ""


def _what_is_wrong(fields: dict[str, str]) -> str | None:
    """Return 46elks-like words for the first thing wrong, or None."""
    sender, receipt = fields["from"], fields["whendelivered"]
    checks = (
        *((f'Missing key "{name}"', bool(fields[name])) for name in ("from", "to", "message")),
        ("Invalid to number", NUMBER.fullmatch(fields["to"])),
        ("Invalid from number", _SENDER.fullmatch(sender) or NUMBER.fullmatch(sender)),
        (f"Message is longer than {MAX_CHARACTERS} characters", len(fields["message"]) <= MAX_CHARACTERS),
        ('Invalid value for "dontlog"', fields["dontlog"] in {"", "message", "from", "to"}),
        (
            "whendelivered: this gateway calls addresses on its own machine only",
            not receipt or is_loopback_url(receipt),
        ),
    )
    return next((words for words, right in checks if not right), None)
