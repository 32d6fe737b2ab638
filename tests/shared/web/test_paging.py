"""Pages of a list: each row once, in order, whatever the size of the page; a cursor is of its own list."""

import base64
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Boolean, Column, Date, Integer, Numeric, Text, Uuid

from shared.db import UtcDateTime
from shared.kernel.errors import InvalidInput
from shared.web.paging import read_cursor, write_cursor
from tests.shared.web import sample
from tests.support.web import LocalIssuer, problem_of, signed_client

NOTES = f"/sample/api/v1/projects/{sample.PROJECT}/notes"


async def test_pages_together_are_the_whole_list_in_order(app: FastAPI, issuer: LocalIssuer) -> None:
    titles = ["b", "a", "c", "a", "b", "b", "a"]
    async with signed_client(app, issuer, "lead") as lead:
        for title in titles:
            await lead.post(NOTES, json={"title": title})
        for limit in (1, 2, 3, 7, 200):
            seen: list[Any] = []
            after = None
            while True:
                query = {"limit": limit} | ({"after": after} if after else {})
                page = (await lead.get(NOTES, params=query)).json()
                assert len(page["items"]) <= limit
                seen += page["items"]
                after = page["next"]
                if after is None:
                    break
            assert [item["title"] for item in seen] == sorted(titles)
            assert len({item["id"] for item in seen}) == len(titles)


def packed(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


ID = str(UUID(int=1))
CURSORS: list[object] = [None, {}, [], ["a"], ["a", "b"], ["a\x00", ID], [1, ID], ["\ud800", ID]]


@pytest.mark.parametrize("after", ["x", "____", *map(packed, CURSORS)])
async def test_a_cursor_of_another_list_is_refused(app: FastAPI, issuer: LocalIssuer, after: str) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        problem_of(await lead.get(NOTES, params={"after": after}), 422, "bad_cursor", field="after")


BEYOND: list[dict[str, Any]] = [{"limit": 0}, {"limit": 201}, {"limit": "x"}, {"after": "a b"}, {"after": "x" * 1001}]


@pytest.mark.parametrize("query", BEYOND, ids=str)
async def test_a_page_has_its_bounds(app: FastAPI, issuer: LocalIssuer, query: dict[str, Any]) -> None:
    async with signed_client(app, issuer, "lead") as lead:
        problem_of(await lead.get(NOTES, params=query), 422, "invalid_input")


COLUMNS = [Column("a", UtcDateTime), Column("b", Date), Column("c", Integer), Column("d", Numeric), Column("e", Text),
           Column("f", Uuid), Column("g", Boolean)]  # fmt: skip


def test_a_cursor_gives_its_keys_back() -> None:
    keys = (datetime(2026, 9, 1, 8, tzinfo=UTC), date(2026, 9, 1), 5, Decimal("1.50"), "åäö", UUID(int=9), True)
    assert read_cursor(write_cursor(keys), COLUMNS) == keys


@given(st.text(alphabet=st.sampled_from("ABCDEFabcdef0123456789_-"), max_size=40))
def test_any_text_is_a_cursor_or_is_refused(text: str) -> None:
    try:
        read_cursor(text, COLUMNS[:2])
    except InvalidInput as error:
        assert error.code == "bad_cursor"  # noqa: PT017 - what was raised is looked at beside what was answered


def test_a_null_is_no_sort_key() -> None:
    with pytest.raises(ValueError, match="null"):
        write_cursor([None])
