"""What the mail sink promises: every message kept as it was, in order, over a restart; addresses told to fail do."""

import asyncio
from email.message import EmailMessage
from pathlib import Path

import aiosmtplib
import pytest

from tests.support.origin import RunningOrigin, running_origin

CALENDAR = "BEGIN:VCALENDAR\r\nMETHOD:REQUEST\r\nEND:VCALENDAR\r\n"


def a_mail(to: str = "eva@example.test", subject: str = "Bokning bekräftad: 6 platser") -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = "Kurslots <kurslots@example.test>"
    mail["To"] = to
    mail["Subject"] = subject
    mail["Message-ID"] = "<n1@example.test>"
    mail["List-Unsubscribe"] = "<https://example.test/u>"
    mail.set_content("Hej Eva!\nDu har 6 platser, välkommen.\n")
    mail.add_alternative("<p>Hej Eva!</p>", subtype="html")
    mail.add_attachment(
        CALENDAR.encode(), maintype="text", subtype="calendar", filename="kurs.ics", params={"method": "REQUEST"}
    )
    return mail


async def send(origin: RunningOrigin, mail: EmailMessage) -> None:
    await aiosmtplib.send(mail, hostname="127.0.0.1", port=origin.smtp_port, start_tls=False)


async def test_a_message_is_kept_with_its_parts(origin: RunningOrigin) -> None:
    await send(origin, a_mail())
    (kept,) = (await origin.client.get("/sent/emails")).json()["items"]
    assert kept["subject"] == "Bokning bekräftad: 6 platser"
    assert kept["sender"] == "kurslots@example.test"
    assert kept["to"] == ["eva@example.test"]
    assert kept["text"] == "Hej Eva!\nDu har 6 platser, välkommen.\n"
    assert kept["html"].strip() == "<p>Hej Eva!</p>"
    assert kept["calendar"] == CALENDAR.replace("\r\n", "\n")
    assert kept["headers"]["Message-ID"] == "<n1@example.test>"
    assert kept["headers"]["List-Unsubscribe"] == "<https://example.test/u>"
    assert [(part["name"], part["type"]) for part in kept["attachments"]] == [("kurs.ics", "text/calendar")]


async def test_what_cannot_be_decoded_is_kept_with_marks(origin: RunningOrigin) -> None:
    raw = b"Subject: x\r\nContent-Type: text/plain; charset=no-such\r\n\r\n\xff\xfe r\xc3\xa4tt\r\n"
    async with aiosmtplib.SMTP(hostname="127.0.0.1", port=origin.smtp_port, start_tls=False) as smtp:
        await smtp.sendmail("a@example.test", ["b@example.test"], raw)
    (kept,) = (await origin.client.get("/sent/emails")).json()["items"]
    assert "rätt" in kept["text"]


async def test_messages_come_in_order_and_can_be_read_on_from_any(origin: RunningOrigin) -> None:
    for number in range(5):
        await send(origin, a_mail(to=f"p{number % 2}@example.test", subject=str(number)))
    first = (await origin.client.get("/sent/emails", params={"limit": 2})).json()
    assert [mail["subject"] for mail in first["items"]] == ["0", "1"]
    assert first["next"] == first["items"][-1]["sequence"]
    rest = (await origin.client.get("/sent/emails", params={"after": first["next"]})).json()
    assert [mail["subject"] for mail in rest["items"]] == ["2", "3", "4"]
    assert rest["next"] is None
    assert rest["last"] == rest["items"][-1]["sequence"]
    mine = (await origin.client.get("/sent/emails", params={"to": "P1@example.test"})).json()
    assert [mail["subject"] for mail in mine["items"]] == ["1", "3"]


async def test_a_restart_keeps_what_was_sent_and_the_sequence_goes_on(tmp_path: Path) -> None:
    async with running_origin(tmp_path) as first:
        await send(first, a_mail(subject="before"))
    async with running_origin(tmp_path) as second:
        await send(second, a_mail(subject="after"))
        items = (await second.client.get("/sent/emails")).json()["items"]
    assert [mail["subject"] for mail in items] == ["before", "after"]
    assert items[0]["sequence"] < items[1]["sequence"]


async def test_the_oldest_go_when_there_are_too_many(tmp_path: Path) -> None:
    async with running_origin(tmp_path, kept_messages=3) as origin:
        for number in range(5):
            await send(origin, a_mail(subject=str(number)))
        items = (await origin.client.get("/sent/emails")).json()["items"]
        mine = (await origin.client.get("/sent/emails", params={"to": "eva@example.test"})).json()["items"]
    assert [mail["subject"] for mail in items] == ["2", "3", "4"]
    assert mine == items


@pytest.mark.parametrize("code", [450, 550])
async def test_an_address_can_be_told_to_answer_with_a_code(code: int, origin: RunningOrigin) -> None:
    await origin.client.post("/sent/behaviour", json={"email": {"bounce@example.test": str(code)}})
    with pytest.raises(aiosmtplib.SMTPRecipientsRefused) as caught:
        await send(origin, a_mail(to="Bounce@example.test"))
    assert caught.value.recipients[0].code == code
    assert (await origin.client.get("/sent/emails")).json()["items"] == []
    await origin.client.post("/sent/behaviour", json={"email": {"bounce@example.test": None}})
    await send(origin, a_mail(to="bounce@example.test"))
    assert len((await origin.client.get("/sent/emails")).json()["items"]) == 1


async def test_an_address_can_be_told_to_leave_the_sender_in_doubt(origin: RunningOrigin) -> None:
    await origin.client.post("/sent/behaviour", json={"email": {"doubt@example.test": "drop"}})
    with pytest.raises((aiosmtplib.SMTPException, OSError)):
        await send(origin, a_mail(to="doubt@example.test"))
    assert len((await origin.client.get("/sent/emails")).json()["items"]) == 1


async def test_a_message_that_is_too_large_is_refused(tmp_path: Path) -> None:
    async with running_origin(tmp_path, max_mail_bytes=10_000) as origin:
        mail = a_mail()
        mail.add_attachment(b"x" * 20_000, maintype="application", subtype="pdf", filename="x.pdf")
        with pytest.raises(aiosmtplib.SMTPResponseException) as caught:
            await send(origin, mail)
        assert caught.value.code == 552


async def test_many_senders_at_once_lose_nothing(origin: RunningOrigin) -> None:
    await asyncio.gather(*(send(origin, a_mail(subject=str(number))) for number in range(30)))
    items = (await origin.client.get("/sent/emails", params={"limit": 200})).json()["items"]
    assert sorted(int(mail["subject"]) for mail in items) == list(range(30))
    assert [mail["sequence"] for mail in items] == sorted(mail["sequence"] for mail in items)


@pytest.mark.parametrize(
    "parameters",
    [{"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"after": "-1"}, {"after": "٣"}, {"after": "9" * 30}],
)
async def test_a_wrong_parameter_is_named(parameters: dict[str, str], origin: RunningOrigin) -> None:
    answer = await origin.client.get("/sent/emails", params=parameters)
    assert (answer.status_code, answer.json()["code"]) == (422, "parameter_invalid")
    assert next(iter(parameters)) in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "[]",
        '{"fax": {}, "sms": 1}',
        '{"email": {"x@y": "250"}}',
        '{"email": {"x@y": 550}}',
        '{"sms": {"070": "failed"}}',
    ],
)
async def test_behaviour_that_cannot_be_is_refused_whole(body: str, origin: RunningOrigin) -> None:
    answer = await origin.client.post("/sent/behaviour", content=body, headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (422, "behaviour_invalid")
    assert (await origin.client.get("/sent/behaviour")).json() == {"email": {}, "sms": {}}


async def test_a_form_from_another_site_cannot_set_behaviour(origin: RunningOrigin) -> None:
    answer = await origin.client.post(
        "/sent/behaviour", content='{"email": {}}', headers={"content-type": "text/plain"}
    )
    assert (answer.status_code, answer.json()["code"]) == (415, "content_type_wrong")


async def test_behaviour_is_kept_and_can_be_cleared(tmp_path: Path) -> None:
    wish = {"email": {"a@example.test": "550"}, "sms": {"+46701740699": "failed"}}
    async with running_origin(tmp_path) as first:
        assert (await first.client.post("/sent/behaviour", json=wish)).json() == wish
    async with running_origin(tmp_path) as second:
        assert (await second.client.get("/sent/behaviour")).json() == wish
        assert (await second.client.delete("/sent/behaviour")).json() == {"email": {}, "sms": {}}
