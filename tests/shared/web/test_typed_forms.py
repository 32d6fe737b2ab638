"""What people type into forms: rows of fields, amounts, times. Nothing is lost; errors stand where they were made."""

from datetime import UTC, datetime, time
from enum import StrEnum
from typing import Annotated
from urllib.parse import urlencode

import pytest
from pydantic import Field
from starlette.requests import Request

from shared.web.bodies import Body, Line
from shared.web.pages.forms import Form, read_form
from shared.web.pages.typed import ClockTime, Kronor, LocalTime, kronor_typed, local_time_typed


class Kind(StrEnum):
    PRICE = "price"
    QUALITY = "quality"


class Part(Body):
    title: Line
    kind: Kind = Kind.QUALITY
    seats: int | None = None


class Whole(Body):
    name: Line
    parts: Annotated[list[Part], Field(min_length=1)]


class Amounts(Body):
    amount: Kronor | None = None
    at: LocalTime | None = None
    clock: ClockTime | None = None


async def sent(model: type[Body], fields: dict[str, str]) -> Form[Body]:
    content = urlencode(fields).encode()

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": content, "more_body": False}

    headers = [(b"content-type", b"application/x-www-form-urlencoded")]
    return await read_form(Request({"type": "http", "method": "POST", "headers": headers}, receive), model)


async def test_rows_become_the_list_of_the_body_and_empty_ones_are_left_out() -> None:
    form = await sent(
        Whole,
        {
            "name": "Plan",
            "parts.0.title": "One",
            "parts.0.kind": "price",
            "parts.0.seats": "3",
            "parts.1.title": " ",
            "parts.1.kind": "quality",
            "parts.1.seats": "",
            "parts.2.title": "Three",
            "parts.2.kind": "quality",
        },
    )
    assert form.body == Whole(name="Plan", parts=[Part(title="One", kind=Kind.PRICE, seats=3), Part(title="Three")])
    assert form.value("parts.2.title") == "Three"


async def test_what_is_wrong_is_told_at_the_field_of_the_row_as_it_stands_on_the_page() -> None:
    form = await sent(
        Whole, {"name": "Plan", "parts.0.title": "", "parts.3.title": "", "parts.3.seats": "many", "parts.7.title": "x"}
    )
    assert form.body is None
    assert set(form.errors) == {"parts.3.title", "parts.3.seats"}


@pytest.mark.parametrize("fields", [{}, {"parts.0.title": ""}, {"parts.0.kind": "price"}])
async def test_a_list_without_a_filled_row_is_told_as_a_whole(fields: dict[str, str]) -> None:
    form = await sent(Whole, {"name": "Plan", **fields})
    assert set(form.errors) == {"parts"}


async def test_a_row_of_no_known_list_is_refused() -> None:
    form = await sent(Whole, {"name": "Plan", "parts.0.title": "One", "others.0.title": "Two"})
    assert set(form.errors) == {"others"}


@pytest.mark.parametrize(
    ("typed", "ore"),
    [
        ("240 000", 24_000_000),
        ("240\N{NO-BREAK SPACE}000,50 kr", 24_000_050),
        ("0", 0),
        ("12.5", 1_250),
        ("10000000000000", 10**15),
    ],
)
async def test_an_amount_is_typed_in_kronor(typed: str, ore: int) -> None:
    form = await sent(Amounts, {"amount": typed})
    assert form.body == Amounts.model_construct(amount=ore, at=None, clock=None)


@pytest.mark.parametrize("typed", ["-1", "1e3", "a lot", "1,234", "10000000000000,01", "١٢"])
async def test_what_is_no_amount_is_refused_with_an_example(typed: str) -> None:
    form = await sent(Amounts, {"amount": typed})
    ((text,),) = form.errors.values()
    assert "240 000" in str(text)


async def test_times_are_those_of_the_clock_in_sweden() -> None:
    form = await sent(Amounts, {"at": "2026-07-01T10:00", "clock": "9.30"})
    assert form.body == Amounts(at=datetime(2026, 7, 1, 8, tzinfo=UTC), clock=time(9, 30))
    assert set((await sent(Amounts, {"at": "tomorrow", "clock": "25:00"})).errors) == {"at", "clock"}


def test_what_is_typed_reads_back() -> None:
    assert kronor_typed(24_000_050).replace("\N{NO-BREAK SPACE}", " ") == "240 000,5"
    assert kronor_typed(24_000_000).replace("\N{NO-BREAK SPACE}", " ") == "240 000"
    assert local_time_typed(datetime(2026, 12, 1, 9, tzinfo=UTC)) == "2026-12-01T10:00"
