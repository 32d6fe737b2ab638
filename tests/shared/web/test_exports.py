"""Lists of pages: filtered by a form whose state is the link, and had as files that hold what the page shows."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from fastapi import FastAPI
from openpyxl import load_workbook

from shared.kernel.money import Money
from shared.web.exchange import ServiceParts
from shared.web.pages import exports
from tests.shared.web import sample
from tests.support.pages import browser, known_visitors, page_of

NOTES = f"/sample/projects/{sample.PROJECT}/notes"
FORMULA = '=HYPERLINK("http://127.0.0.1/";"Å")'


@pytest.fixture
async def app(app: FastAPI) -> AsyncIterator[FastAPI]:
    parts: ServiceParts = app.state.parts
    async with parts.database.sessions() as session:
        titles = [*(f"Svets {number:03}" for number in range(250)), FORMULA, "Truck\x0b"]
        for seats, title in enumerate(titles):
            note = sample.Note(project_id=sample.PROJECT, person_id=sample.PROJECT, title=title, seats=seats % 2 + 1)
            session.add(note)
        await session.commit()
    with known_visitors(app):
        yield app


async def test_a_filter_keeps_what_was_asked_and_leaves_out_what_is_empty(app: FastAPI) -> None:
    async with browser(app, "lead") as lead:
        page = page_of(await lead.get(f"{NOTES}?q=truck&seats=&sort="), 200)
        assert "Svets" not in page.text
        page = page_of(await lead.get(f"{NOTES}?q=Truck&seats=2&sort=-title"), 200)
        assert "Truck" in page.text
        assert page.tag("input", name="q")["value"] == "Truck"
        assert page.tag("option", value="2")["selected"] is None  # an attribute without a value
        assert page.tag("input", name="sort")["value"] == "-title"
        (clear,) = page.tags("a", class_="quiet", data_hx_boost="false")
        assert clear["href"] == f"{NOTES}?sort=-title"


async def test_a_wrong_filter_is_told_on_a_page(app: FastAPI) -> None:
    async with browser(app, "lead") as lead:
        answer = await lead.get(f"{NOTES}?format=pdf")
        assert answer.status_code == 422
        assert answer.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize(("language", "delimiter", "heading"), [("sv", ";", "Fler"), ("en", ",", "More")])
async def test_a_list_is_had_whole_as_csv(app: FastAPI, language: str, delimiter: str, heading: str) -> None:
    async with browser(app, "lead", language=language) as lead:
        page = page_of(await lead.get(f"{NOTES}?limit=2&sort=-title"))
        (address,) = [it["href"] for it in page.tags("a") if it.get("href", "") and "format=csv" in str(it["href"])]
        answer = await lead.get(str(address))
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"].startswith('attachment; filename="notes-20')
    rows = list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig")), delimiter=delimiter))
    assert rows[0][1] == heading
    assert len(rows) == 253
    assert rows[-1][0] == f"'{FORMULA}", "a spreadsheet would have run it"
    assert rows[1][0].startswith("Truck")


async def test_a_list_is_had_as_a_workbook_with_the_filter_in_force(app: FastAPI) -> None:
    async with browser(app, "lead") as lead:
        whole = await lead.get(f"{NOTES}?format=xlsx")
        answer = await lead.get(f"{NOTES}?format=xlsx&q=Svets&seats=1")
    sheet = load_workbook(io.BytesIO(answer.content)).active
    assert sheet is not None
    rows = list(sheet.iter_rows(values_only=True))
    assert len(rows) == 126
    assert rows[1] == ("Svets 000", 1)
    sheet = load_workbook(io.BytesIO(whole.content)).active
    assert sheet is not None
    titles = [row[0] for row in sheet.iter_rows(values_only=True)]
    assert f"'{FORMULA}" in titles
    assert "Truck" in titles, "without the sign that a workbook may not hold"


async def test_a_list_beyond_what_a_file_may_hold_is_refused(app: FastAPI, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exports, "MOST_ROWS", 251)
    async with browser(app, "lead") as lead:
        answer = await lead.get(f"{NOTES}?format=csv")
        assert answer.status_code == 409
        assert "A file holds 251 rows at most" in answer.text
        assert (await lead.get(f"{NOTES}?format=csv&q=Svets")).status_code == 200


@pytest.mark.parametrize(
    ("value", "cell", "swedish"),
    [
        (None, None, ""),
        (True, True, 1),
        (Decimal("1.5"), Decimal("1.5"), "1,5"),
        (Money(123_550), Decimal("1235.50"), "1235,50"),
        (datetime(2026, 7, 1, 11, 0, 0, 5, tzinfo=UTC), datetime(2026, 7, 1, 13, 0), "2026-07-01 13:00"),  # noqa: DTZ001 - a spreadsheet knows no time zones
        (date(2026, 7, 1), date(2026, 7, 1), "2026-07-01"),
        ("@cmd", "'@cmd", "'@cmd"),
        ("Å 1-2", "Å 1-2", "Å 1-2"),
    ],
)
def test_a_value_stands_in_a_file_as_a_spreadsheet_reads_it(value: object, cell: object, swedish: object) -> None:
    assert exports._cell(value) == cell
    assert exports._written(exports._cell(value), "sv") == swedish
