"""What every way out promises, against the real sinks: one outcome for everything that can happen."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage
from uuid import uuid4

import pytest

from services.notification.channels.channel import CalendarFile, Channel, Sending
from services.notification.channels.email import EmailChannel, message_of
from services.notification.channels.rules import Result
from services.notification.channels.sms import SmsChannel
from services.notification.kinds import Calendar, ChannelName
from tests.support.origin import SMS_PASSWORD, SMS_USER, RunningOrigin

SENDER = "Kurslots <no-reply@kurslots.test>"
MAIL, MOBILE = "eva@example.test", "+46701740610"


def a_sending(address: str, **changes: object) -> Sending:
    fields = {"key": uuid4(), "address": address, "language": "sv", "text": "Hej på er!\n", "subject": "Hälsning"}
    return Sending(**(fields | changes))  # type: ignore[arg-type]  # the fields' own types


@asynccontextmanager
async def listening(
    answer: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
) -> AsyncIterator[int]:
    """Serve a port by hand, for what no decent server does."""
    busy: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        busy.add(task)
        try:
            await answer(reader, writer)
        except (ConnectionError, asyncio.CancelledError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]
        for task in busy:
            task.cancel()
        await asyncio.gather(*busy, return_exceptions=True)


def email_to(port: int, seconds: float = 5) -> EmailChannel:
    return EmailChannel(f"smtp://127.0.0.1:{port}", sender=SENDER, timeout_seconds=seconds)


def sms_to(url: str, seconds: float = 5, password: str = SMS_PASSWORD) -> SmsChannel:
    return SmsChannel(url, user=SMS_USER, password=password, sender="Kurslots", timeout_seconds=seconds)


@pytest.fixture
async def ways(sinks: RunningOrigin) -> AsyncIterator[dict[str, tuple[Channel, str]]]:
    sms = sms_to(f"{sinks.url}/sms/a1/sms")
    yield {"email": (email_to(sinks.smtp_port), MAIL), "sms": (sms, MOBILE)}
    await sms.close()


@pytest.mark.parametrize("name", ["email", "sms"])
async def test_what_the_other_side_takes_is_accepted(name: str, ways: dict[str, tuple[Channel, str]]) -> None:
    channel, address = ways[name]
    assert channel.name == ChannelName(name)
    assert (await channel.send(a_sending(address))).result is Result.ACCEPTED


@pytest.mark.parametrize(
    ("name", "behaviour", "result", "bad_address"),
    [
        ("email", "450", Result.TEMPORARY, False),
        ("email", "550", Result.PERMANENT, True),
        ("email", "554", Result.PERMANENT, False),
        ("email", "drop", Result.UNKNOWN, False),
        ("sms", "unavailable", Result.TEMPORARY, False),
        ("sms", "refused", Result.PERMANENT, False),
        ("sms", "lost", Result.UNKNOWN, False),
    ],
)
async def test_each_refusal_has_its_outcome(
    name: str,
    behaviour: str,
    result: Result,
    bad_address: bool,  # noqa: FBT001 - a case of the test
    ways: dict[str, tuple[Channel, str]],
    sinks: RunningOrigin,
) -> None:
    channel, address = ways[name]
    await sinks.client.post("/sent/behaviour", json={name: {address: behaviour}})
    outcome = await channel.send(a_sending(address))
    assert (outcome.result, outcome.bad_address) == (result, bad_address)
    assert outcome.cause
    assert address not in outcome.cause


@pytest.mark.parametrize("name", ["email", "sms"])
async def test_nobody_there_is_temporary(name: str) -> None:
    async with listening(lambda _reader, _writer: asyncio.sleep(0)) as port:
        pass
    sms = sms_to(f"http://127.0.0.1:{port}/a1/sms")
    channel, address = (email_to(port), MAIL) if name == "email" else (sms, MOBILE)
    assert (await channel.send(a_sending(address))).result is Result.TEMPORARY
    await sms.close()


async def test_silence_after_the_message_is_unknown() -> None:
    async def take_and_say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers = {b"EHLO": b"250 hello\r\n", b"MAIL": b"250 ok\r\n", b"RCPT": b"250 ok\r\n", b"DATA": b"354 go on\r\n"}
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            if answer := answers.get(line[:4].upper()):
                writer.write(answer)

    async with listening(take_and_say_nothing) as port:
        outcome = await email_to(port, seconds=0.3).send(a_sending(MAIL))
    assert outcome.result is Result.UNKNOWN


async def test_silence_before_the_message_is_temporary() -> None:
    async def greet_and_say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 here\r\n")
        await reader.read()

    async with listening(greet_and_say_nothing) as port:
        outcome = await email_to(port, seconds=0.3).send(a_sending(MAIL))
    assert outcome.result is Result.TEMPORARY


async def test_an_sms_whose_answer_does_not_come_is_unknown() -> None:
    async def take_and_say_nothing(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    async with listening(take_and_say_nothing) as port:
        sms = sms_to(f"http://127.0.0.1:{port}/a1/sms", seconds=0.3)
        outcome = await sms.send(a_sending(MOBILE))
        await sms.close()
    assert outcome.result is Result.UNKNOWN


@pytest.mark.parametrize(
    ("answer", "result"),
    [
        (b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}", Result.UNKNOWN),
        (b"HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nyes", Result.UNKNOWN),
        (b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n", Result.TECHNICAL),
        (b"HTTP/1.1 302 Found\r\nlocation: /\r\ncontent-length: 0\r\n\r\n", Result.TECHNICAL),
        (b"HTTP/1.1 429 Too Many\r\ncontent-length: 0\r\n\r\n", Result.TEMPORARY),
        (b"HTTP/1.1 502 Bad Gateway\r\ncontent-length: 0\r\n\r\n", Result.UNKNOWN),
        (b"not http at all\r\n\r\n", Result.UNKNOWN),
    ],
)
async def test_each_answer_of_a_provider_has_its_outcome(answer: bytes, result: Result) -> None:
    async def say(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()

    async with listening(say) as port:
        sms = sms_to(f"http://127.0.0.1:{port}/a1/sms")
        outcome = await sms.send(a_sending(MOBILE))
        await sms.close()
    assert outcome.result is result


async def test_a_wrong_password_is_tried_again_later(sinks: RunningOrigin) -> None:
    sms = sms_to(f"{sinks.url}/sms/a1/sms", password="sample-wrong")
    assert (await sms.send(a_sending(MOBILE))).result is Result.TEMPORARY
    await sms.close()


async def test_an_sms_says_what_the_provider_needs(sinks: RunningOrigin, ways: dict[str, tuple[Channel, str]]) -> None:
    outcome = await ways["sms"][0].send(a_sending(MOBILE, text="Åäö " * 50))
    assert (outcome.parts, outcome.cost) == (2, 10_400)
    [sent] = (await sinks.client.get("/sent/sms")).json()["items"]
    assert sent["dontlog"] is True
    assert sent["id"] == outcome.provider_id
    assert sent["from"] == "Kurslots"


async def test_an_email_carries_its_calendar_and_the_way_out(
    sinks: RunningOrigin, ways: dict[str, tuple[Channel, str]]
) -> None:
    calendar = CalendarFile(Calendar.REQUEST, b"BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n")
    sending = a_sending(MAIL, calendars=(calendar,), unsubscribe_url="https://kurslots.test/u/x")
    await ways["email"][0].send(sending)
    [sent] = (await sinks.client.get("/sent/emails")).json()["items"]
    assert sent["subject"] == "Hälsning"
    assert sent["text"] == "Hej på er!\n"
    assert "METHOD:REQUEST" in sent["calendar"]
    assert sent["headers"]["List-Unsubscribe"] == "<https://kurslots.test/u/x>"
    assert sent["headers"]["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert sent["headers"]["Message-ID"] == f"<{sending.key}@kurslots.test>"
    assert sent["headers"]["Auto-Submitted"] == "auto-generated"


def test_the_calendar_part_says_what_it_asks_for() -> None:
    calendar = CalendarFile(Calendar.CANCEL, b"BEGIN:VCALENDAR\r\nMETHOD:CANCEL\r\nEND:VCALENDAR\r\n")
    raw = message_of(a_sending(MAIL, calendars=(calendar,)), SENDER).as_bytes()
    message = message_from_bytes(raw, policy=policy.default)
    assert isinstance(message, EmailMessage)
    parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
    assert [part.get_param("method") for part in parts] == ["CANCEL", "CANCEL"]
    assert [part.get_filename() for part in parts] == [None, "kurs.ics"]


@pytest.mark.parametrize("url", ["127.0.0.1:25", "http://127.0.0.1", "smtp://"])
def test_an_address_of_no_mail_server_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(ValueError, match="SMTP_URL"):
        EmailChannel(url, sender=SENDER)


def test_a_sender_without_an_address_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="SMTP_FROM"):
        EmailChannel("smtp://127.0.0.1", sender="Kurslots")


def test_an_address_of_no_provider_is_refused_at_the_start() -> None:
    with pytest.raises(ValueError, match="SMS_URL"):
        sms_to("127.0.0.1/a1/sms")


@pytest.mark.parametrize("address", ["åke@example.test", "eva@example.test\r\nRCPT TO:<x@example.test>", "", "a b"])
async def test_an_address_that_mail_cannot_carry_is_a_technical_failure(
    address: str, ways: dict[str, tuple[Channel, str]], sinks: RunningOrigin
) -> None:
    outcome = await ways["email"][0].send(a_sending(address))
    assert outcome.result in (Result.TECHNICAL, Result.PERMANENT)
    assert (await sinks.client.get("/sent/emails")).json()["items"] == []
