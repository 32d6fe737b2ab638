"""Pages of what people are told: one's own with the text, wishes, an employer's and a project's, and the operator's."""

from collections.abc import Iterator

import httpx
import pytest
from fastapi import FastAPI

from services.notification import words
from services.notification.kinds import KINDS, ChannelName
from services.notification.notifications.rules import State
from services.notification.recipients.rules import SuppressionCause
from services.notification.wordings.catalogue import load_wordings
from services.notification.wordings.forms import LANGUAGES
from services.notification.wordings.samples import UNIVERSAL_SAMPLE, sample_of
from shared.db import Database
from shared.kernel.roles import Role
from tests.services.notification.office import Office, a_booking, to_person
from tests.services.notification.world import Place, settle_in
from tests.support.pages import browser, known_visitors, page_of
from tests.support.statements import statements_of

MINE, OPERATOR = "/notification/mine", "/notification/operator/notifications"
SUPPRESSIONS = "/notification/operator/suppressions"
MOST_STATEMENTS = 12


@pytest.fixture
async def place(office: Office) -> Place:
    return await settle_in(office, Place("here"))


@pytest.fixture(autouse=True)
def visitors(app: FastAPI) -> Iterator[None]:
    with known_visitors(app):
        yield


async def send(page: httpx.AsyncClient, address: str, /, **fields: str) -> httpx.Response:
    form = page_of(await page.get(address))
    return await page.post(address, data={**form.typed(), **fields})


def test_every_kind_state_and_cause_has_words_and_every_field_a_sample() -> None:
    assert set(words.KIND_NAMES) == set(KINDS)
    assert set(words.STATE_NAMES) == set(State)
    assert set(words.STATE_CHOICES) <= set(State)
    assert set(words.CHANNELS) == set(ChannelName)
    assert set(words.SUPPRESSION_CAUSES) == set(SuppressionCause)
    wordings = load_wordings()
    for kind in KINDS.values():
        for channel in kind.channels:
            for language in LANGUAGES:
                universal = {**UNIVERSAL_SAMPLE, "origin": "https://kurslots.test"}
                assert wordings.write(kind.name, channel, language, sample_of(kind), universal).text


async def test_a_person_reads_what_she_was_told_and_nobody_else_reads_the_text(
    office: Office, app: FastAPI, place: Place
) -> None:
    await office.send()
    one = f"/notification/notifications/{place.booking_id}"
    async with browser(app, place.sub(Role.CONTACT)) as contact, browser(app, place.sub(Role.PROJECT_LEAD)) as lead:
        mine = page_of(await contact.get(MINE))
        assert mine.tag("a", href=one)
        assert "Booking confirmed" in mine.text
        assert mine.tag("a", href=f"/notification/employers/{place.employer_id}")
        read = page_of(await contact.get(one)).text
        assert "What it says" in read
        assert "Eva" in read
        seen = page_of(await lead.get(one)).text
        assert "What it says" not in seen
        assert "Sent" in seen
        assert "@" not in seen
    async with browser(app, place.sub(Role.TRAINER)) as trainer:
        assert (await trainer.get(one)).status_code == 404


async def test_a_supplier_finds_its_invitation_among_its_messages(app: FastAPI, place: Place) -> None:
    async with browser(app, place.sub(Role.SUPPLIER)) as supplier:
        assert "Invitation to bid" in page_of(await supplier.get(MINE)).text
        read = page_of(await supplier.get(f"/notification/notifications/{place.invitation_id}")).text
        assert "What it says" in read
    async with browser(app, place.sub(Role.PROJECT_LEAD)) as lead:
        listed = page_of(await lead.get(f"/notification/projects/{place.project_id}")).text
        assert "Training request in a case" in listed
        assert str(place.invitation_id) not in listed
        assert (await lead.get(f"/notification/notifications/{place.invitation_id}")).status_code == 404


async def test_lists_are_filtered_paged_and_had_as_a_file(office: Office, app: FastAPI, place: Place) -> None:
    for _ in range(3):
        await office.hear(a_booking(office, to_person(place.people[Role.CONTACT])))
    async with browser(app, place.sub(Role.CONTACT), language="sv") as contact:
        found = page_of(await contact.get(MINE, params={"kind": "request_in_case", "state": "pending"}))
        links = [tag for tag in found.tags("a") if str(tag.get("href")).startswith("/notification/notifications/")]
        assert [link["href"] for link in links] == [f"/notification/notifications/{place.request_id}"]
        first = page_of(await contact.get(MINE, params={"limit": "3"}))
        assert first.tags("a", rel="next")
        day = {"since": "2026-11-25", "until": ""}
        assert "Inget meddelande stämmer" in page_of(await contact.get(MINE, params=day)).text
        file = await contact.get(MINE, params={"format": "csv"})
        assert file.text.count("Bokning bekräftad") == 4
        assert (await contact.get(MINE, params={"since": "soon"})).status_code == 422


async def test_wishes_are_set_on_a_page(office: Office, app: FastAPI, place: Place) -> None:
    address = f"{MINE}/preferences"
    async with browser(app, place.sub(Role.CONTACT)) as contact:
        form = page_of(await contact.get(address))
        boxes = form.tags("input", type="checkbox")
        assert all("checked" in box for box in boxes)
        assert not [box for box in boxes if str(box["value"]).startswith("award")]
        wanted = [str(box["value"]) for box in boxes if box["value"] != "booking_confirmed:email"]
        done = await contact.post(address, data={**form.typed(), "wanted": wanted})
        assert (done.status_code, done.headers["location"]) == (303, address)
        again = page_of(await contact.get(address))
        off = [box["value"] for box in again.tags("input", type="checkbox") if "checked" not in box]
        assert off == ["booking_confirmed:email"]
    await office.send()
    assert (await office.states())[("booking_confirmed", "email")] == ("cancelled", "declined")


async def test_an_operator_sends_again_or_cancels_with_a_reason(office: Office, app: FastAPI, place: Place) -> None:
    await office.behave(email={"eva@example.test": "554"})
    await office.send()
    await office.behave(email={"eva@example.test": None})
    one = f"/notification/notifications/{place.booking_id}"
    async with browser(app, place.sub(Role.OPERATOR)) as operator, browser(app, place.sub(Role.COACH)) as coach:
        listed = page_of(await operator.get(OPERATOR, params={"state": "failed_permanent"}))
        assert listed.tags("a", href=one)
        shown = page_of(await operator.get(one))
        assert shown.tag("a", href=f"{one}/send-again")
        assert not page_of(await coach.get(one)).tags("a", href=f"{one}/send-again")
        assert (await coach.get(f"{one}/send-again")).status_code == 403
        page_of(await send(operator, f"{one}/send-again", reason=""), 422)
        done = await send(operator, f"{one}/send-again", reason="Servern är lagad")
        assert (done.status_code, done.headers["location"]) == (303, one)
        assert "Servern är lagad" in page_of(await operator.get(one)).text
        assert (await send(operator, f"{one}/cancel", reason="Ringt i stället")).status_code == 303
        assert page_of(await send(operator, f"{one}/cancel", reason="Ringt igen"), 422)
    assert (await office.states())[("booking_confirmed", "email")] == ("cancelled", "Ringt i stället")


async def test_an_operator_stops_writing_to_an_address_and_lifts_it(app: FastAPI, place: Place) -> None:
    async with browser(app, place.sub(Role.OPERATOR)) as operator:
        fields = {"channel": "email", "address": "nobody@example.test", "note": "Ville inte ha mer post"}
        wrong = page_of(await send(operator, f"{SUPPRESSIONS}/new", **{**fields, "address": "nobody"}), 422)
        assert "This is not an e-mail address" in wrong.text
        assert (await send(operator, f"{SUPPRESSIONS}/new", **fields)).headers["location"] == SUPPRESSIONS
        listed = page_of(await operator.get(SUPPRESSIONS))
        assert "nobody@example.test" in listed.text
        (lift,) = [str(tag["href"]) for tag in listed.tags("a") if str(tag.get("href")).endswith("/lift")]
        assert "written to again from now on" in page_of(await operator.get(lift)).text
        assert (await send(operator, lift)).headers["location"] == SUPPRESSIONS
        assert "nobody@example.test" not in page_of(await operator.get(SUPPRESSIONS)).text
        assert (await operator.get(lift)).status_code == 404


async def test_the_lead_reads_every_wording_in_both_languages(app: FastAPI, place: Place) -> None:
    async with browser(app, place.sub(Role.PROJECT_LEAD)) as lead:
        listed = page_of(await lead.get("/notification/wordings"))
        for kind in KINDS:
            assert listed.tag("a", href=f"/notification/wordings/{kind}")
        shown = page_of(await lead.get("/notification/wordings/meeting_reminder")).text
        assert "{course_title}" in shown
        assert shown.count("Svetsning, grundkurs") >= 4
        assert (await lead.get("/notification/wordings/nothing")).status_code == 404


async def test_a_page_costs_the_same_whatever_its_rows(office: Office, app: FastAPI, place: Place) -> None:
    database: Database = app.state.parts.database
    counts = []
    async with browser(app, place.sub(Role.OPERATOR)) as operator:
        for _ in range(2):
            with statements_of(database) as sent:
                page_of(await operator.get(OPERATOR))
            counts.append(len(sent))
            for _ in range(5):
                await office.hear(a_booking(office, to_person(place.people[Role.CONTACT])))
    assert counts[0] == counts[1] <= MOST_STATEMENTS
