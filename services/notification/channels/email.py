"""E-mail over SMTP. Until the message itself is handed over nothing was sent; after that only an answer tells."""

import re
from collections.abc import Awaitable, Callable
from email.errors import MessageError
from email.message import EmailMessage
from email.policy import SMTP as SMTP_POLICY
from email.utils import format_datetime, formataddr, parseaddr
from typing import Final
from urllib.parse import unquote, urlsplit

import aiosmtplib
from aiosmtplib import SMTP, SMTPException, SMTPResponseException

from services.notification.channels.channel import Sending
from services.notification.channels.rules import Outcome, Result
from services.notification.kinds import ChannelName
from shared.kernel.clock import machine_now

_ADDRESS: Final = re.compile(r"[^\s<>]+@[^\s<>@]+")
_PERMANENT_FROM: Final = 500
_BAD_MAILBOX: Final = (550, 551, 553, 556)
_FILES: Final = ("kurs.ics", "utgar.ics")
_TRIED_AGAIN: Final = (OSError, TimeoutError)


def message_of(sending: Sending, sender: str) -> EmailMessage:
    """Return the message as it travels: plain text, and the calendar, where there is one, as a part and as a file.

    A second calendar, which cancels what is held no more, is a file alone: a text has one other form.
    """
    name, address = parseaddr(sender)
    message = EmailMessage(policy=SMTP_POLICY)
    message["From"] = formataddr((name, address)) if name else address
    message["To"] = sending.address
    message["Subject"] = sending.subject
    message["Date"] = format_datetime(machine_now())
    message["Message-ID"] = f"<{sending.key}@{address.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    if sending.unsubscribe_url is not None:
        message["List-Unsubscribe"] = f"<{sending.unsubscribe_url}>"
        message["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    message.set_content(sending.text, cte="quoted-printable")
    for calendar in sending.calendars[:1]:
        message.add_alternative(
            calendar.content.decode(), subtype="calendar", cte="base64", params={"method": calendar.method.value}
        )
    for calendar, name in zip(sending.calendars, _FILES, strict=False):
        message.add_attachment(
            calendar.content,
            maintype="text",
            subtype="calendar",
            filename=name,
            params={"method": calendar.method.value},
        )
    # last, because making a message of several parts moves every header that begins with Content-
    message["Content-Language"] = sending.language
    return message


class EmailChannel:
    """One SMTP server: `smtp://user:password@host:port`, `smtps://` for TLS, `smtp+starttls://` to require it later."""

    name = ChannelName.EMAIL
    honours_key = False

    def __init__(self, url: str, *, sender: str, timeout_seconds: float = 30) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps", "smtp+starttls") or not parts.hostname:
            raise ValueError("SMTP_URL is not smtp://HOST:PORT, smtps://HOST:PORT or smtp+starttls://HOST:PORT")
        if "@" not in parseaddr(sender)[1]:
            raise ValueError("SMTP_FROM holds no address; write it as: Kurslots <no-reply@example.test>")
        self._host = parts.hostname
        self._port = parts.port or (465 if parts.scheme == "smtps" else 587)
        self._use_tls = parts.scheme == "smtps"
        self._start_tls = True if parts.scheme == "smtp+starttls" else None if not self._use_tls else False
        self._username = unquote(parts.username) if parts.username else None
        self._password = unquote(parts.password) if parts.password else None
        self._sender = sender
        self._envelope_from = parseaddr(sender)[1]
        self._timeout = timeout_seconds

    async def send(self, sending: Sending) -> Outcome:
        """Hand one message over. A connection for each: a broken one concerns nobody else."""
        if not _ADDRESS.fullmatch(sending.address):
            return Outcome(Result.TECHNICAL, "smtp_address_malformed")
        try:
            message = message_of(sending, self._sender).as_bytes()
        except (ValueError, MessageError):
            # an address or text that no header can carry; trying again changes nothing
            return Outcome(Result.TECHNICAL, "smtp_not_sendable")
        client = SMTP(
            hostname=self._host,
            port=self._port,
            timeout=self._timeout,
            use_tls=self._use_tls,
            start_tls=self._start_tls,
            username=self._username,
            password=self._password,
        )
        try:
            steps: tuple[Callable[[], Awaitable[object]], ...] = (
                client.connect,
                lambda: client.mail(self._envelope_from),
                lambda: client.rcpt(sending.address),
            )
            for step in steps:
                if (refused := await _refusal(step)) is not None:
                    return refused
            return await _handed_over(client, message)
        finally:
            client.close()


async def _refusal(step: Callable[[], Awaitable[object]]) -> Outcome | None:
    """Take a step before the message; return why it failed, or None. Nothing has been sent by then."""
    try:
        await step()
    except aiosmtplib.SMTPRecipientRefused as error:
        return _answered(error, bad_address=error.code in _BAD_MAILBOX)
    except aiosmtplib.SMTPAuthenticationError as error:
        return Outcome(Result.TEMPORARY, f"smtp_sign_in_{error.code}")
    except SMTPResponseException as error:
        return _answered(error)
    except (SMTPException, *_TRIED_AGAIN) as error:
        return Outcome(Result.TEMPORARY, _named(error))
    except ValueError:
        # an address that the protocol cannot carry
        return Outcome(Result.TECHNICAL, "smtp_not_sendable")
    return None


async def _handed_over(client: SMTP, message: bytes) -> Outcome:
    try:
        answer = await client.data(message)
    except SMTPResponseException as error:
        return _answered(error)
    except (SMTPException, *_TRIED_AGAIN) as error:
        return Outcome(Result.UNKNOWN, _named(error))
    del answer
    return Outcome(Result.ACCEPTED)


def _answered(error: SMTPResponseException, *, bad_address: bool = False) -> Outcome:
    result = Result.PERMANENT if error.code >= _PERMANENT_FROM else Result.TEMPORARY
    return Outcome(result, f"smtp_{error.code}", bad_address=bad_address)


def _named(error: Exception) -> str:
    return f"smtp_{type(error).__name__.removeprefix('SMTP').lower()}"
