"""The SMTP sink: takes every message, keeps it with its text and calendar parts, delivers nothing.

An address with a behaviour set answers as told: an SMTP code is given to RCPT, and `drop` keeps the message but breaks
the connection off before the answer, so that the sender cannot know.
"""

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage

from aiosmtpd.smtp import SMTP, Envelope, Session

from deploy.embedded.origin.sent.store import Message, SentStore

BEHAVIOUR = re.compile(r"[45]\d\d|drop")
_SHOWN_HEADERS = (
    "From",
    "To",
    "Reply-To",
    "Subject",
    "Date",
    "Message-ID",
    "In-Reply-To",
    "References",
    "Content-Language",
    "List-Unsubscribe",
    "List-Unsubscribe-Post",
    "Auto-Submitted",
)


class MailSink:
    """aiosmtpd's handler."""

    def __init__(self, store: SentStore) -> None:
        self._store = store

    async def handle_RCPT(  # noqa: N802 - aiosmtpd finds it by this name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        """Take a recipient, or answer with the code that is set for the address."""
        del server, session, rcpt_options
        behaviour = self._store.behaviour_for("email", address)
        if behaviour is not None and behaviour.isdigit():
            return f"{behaviour} {address} answers with this code because it was told to"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - aiosmtpd finds it by this name
        self, server: SMTP, session: Session, envelope: Envelope
    ) -> str:
        """Keep the message."""
        del session
        content = envelope.content
        assert isinstance(content, bytes)
        self._store.add(
            "email",
            at=datetime.now(UTC).isoformat(timespec="milliseconds"),
            recipients=envelope.rcpt_tos,
            body=read_message(content, sender=envelope.mail_from or "", recipients=envelope.rcpt_tos),
        )
        if any(self._store.behaviour_for("email", address) == "drop" for address in envelope.rcpt_tos):
            transport = server.transport
            assert isinstance(transport, asyncio.Transport)
            transport.abort()
        return "250 kept"


def read_message(content: bytes, *, sender: str, recipients: list[str]) -> Message:
    """Take a message apart into what `/sent/emails` shows. What cannot be decoded is shown with marks, never lost."""
    mail = message_from_bytes(content, policy=policy.default)
    assert isinstance(mail, EmailMessage)
    texts: dict[str, str] = {}
    attachments: list[dict[str, str | int | None]] = []
    for part in mail.walk():
        if part.is_multipart():
            continue
        kind = part.get_content_type()
        raw = part.get_payload(decode=True)
        payload = raw if isinstance(raw, bytes) else b""
        if part.get_filename() is not None:
            attachments.append({"name": part.get_filename(), "type": kind, "bytes": len(payload)})
        if kind in {"text/plain", "text/html", "text/calendar"} and kind not in texts:
            texts[kind] = _decoded(payload, part.get_content_charset())
    return {
        "sender": sender,
        "to": recipients,
        "subject": str(mail["Subject"] or ""),
        "headers": {name: str(mail[name]) for name in _SHOWN_HEADERS if mail[name] is not None},
        "text": texts.get("text/plain"),
        "html": texts.get("text/html"),
        "calendar": texts.get("text/calendar"),
        "attachments": attachments,
        "bytes": len(content),
    }


def _decoded(payload: bytes, charset: str | None) -> str:
    try:
        return payload.decode(charset or "utf-8", errors="replace").replace("\r\n", "\n")
    except LookupError:
        return payload.decode("utf-8", errors="replace").replace("\r\n", "\n")


async def listen(
    sink: MailSink, *, host: str, port: int, max_bytes: int
) -> tuple[asyncio.Server, Callable[[], tuple[str, int]]]:
    """Start listening; returns the server and a function that gives the address in use (port 0 picks a free one)."""
    loop = asyncio.get_running_loop()

    def connection() -> SMTP:
        return SMTP(
            sink, data_size_limit=max_bytes, enable_SMTPUTF8=True, hostname="kurslots.test", ident="Kurslots", loop=loop
        )

    server = await loop.create_server(connection, host, port)

    def address() -> tuple[str, int]:
        bound = server.sockets[0].getsockname()
        return str(bound[0]), int(bound[1])

    return server, address
