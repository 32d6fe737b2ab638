"""Questions in the browser: a supplier asks, the officer answers, all who are invited read it."""

from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from tests.services.procurement.office import Office, opened_office
from tests.support.databases import ServiceDatabase
from tests.support.pages import browser, known_visitors, page_of

ASKED = "Vi på Svetsskolan undrar: ingår material?"


@pytest.fixture
async def office(service_database: ServiceDatabase) -> AsyncIterator[Office]:
    async with opened_office(await service_database("procurement")) as office:
        with known_visitors(office.app):
            yield office


async def test_a_question_goes_to_the_officer_and_its_answer_to_all(office: Office) -> None:
    suppliers = await office.scene.suppliers()
    procedure = await office.scene.invited(suppliers)
    await office.scene.session.commit()
    own = [f"/procurement/supplier/{each.id}/procedures/{procedure.id}/questions" for each in suppliers]
    listed = f"/procurement/procedures/{procedure.id}/questions"
    async with (
        browser(office.app, "supplier.0") as asker,
        browser(office.app, "supplier.1") as other,
        browser(office.app, "officer") as officer,
        browser(office.app, "delegate") as delegate,
    ):
        form = page_of(await asker.get(own[0]))
        wrong = page_of(await asker.post(own[0], data={**form.typed(), "text": " "}), 422)
        assert wrong.tags("a", href="#field-text")
        sent = await asker.post(own[0], data={**form.typed(), "text": ASKED})
        assert (sent.status_code, sent.headers["location"]) == (303, own[0])
        assert ASKED in page_of(await asker.get(own[0])).text
        assert ASKED not in page_of(await other.get(own[1])).text
        waiting = page_of(await officer.get(listed))
        assert ASKED in waiting.text
        assert not any(supplier.name in waiting.text for supplier in suppliers)
        assert "Answer:" not in page_of(await delegate.get(listed)).text
        (link,) = [tag["href"] for tag in waiting.tags("a") if str(tag.get("href")).endswith("/answer")]
        assert (await delegate.get(str(link))).status_code == 403
        form = page_of(await officer.get(str(link)))
        assert "cannot be changed" not in form.text
        body = {**form.typed(), "told": "Ingår material?", "answer": "Ja, allt."}
        refused = page_of(await officer.post(str(link), data={**body, "answer": ""}), 422)
        assert "Ingår material?" in refused.text
        done = await officer.post(str(link), data=body)
        assert done.headers["location"] == listed
        for page, address in ((asker, own[0]), (other, own[1])):
            read = page_of(await page.get(address)).text
            assert "Ja, allt." in read
            assert "Svetsskolan" not in read
        assert "Asked by you" not in page_of(await other.get(own[1])).text
        assert (await other.get(listed)).status_code == 403


async def test_when_the_time_for_questions_is_over_that_is_said(office: Office) -> None:
    supplier = await office.scene.supplier(sub="supplier.0")
    until = office.scene.clock.now() + timedelta(hours=2)
    procedure = await office.scene.invited([supplier], questions_until=until)
    await office.scene.session.commit()
    address = f"/procurement/supplier/{supplier.id}/procedures/{procedure.id}/questions"
    async with browser(office.app, "supplier.0", language="sv") as page:
        form = page_of(await page.get(address))
        office.scene.clock.advance(timedelta(hours=2))
        assert "Frågor tas inte längre emot" in page_of(await page.get(address)).text
        late = page_of(await page.post(address, data={**form.typed(), "text": ASKED}), 422)
        assert "Frågor tas emot till" in late.text
        assert ASKED in late.text
