"""A personal link says for what and for whom it is, and nobody else can make one."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel.personal_links import PersonalLinks

LINKS = PersonalLinks.derive(b"one key")
OTHERS = PersonalLinks.derive(b"another key")


@given(st.uuids(), st.uuids())
def test_a_link_is_read_by_whoever_has_the_key_and_by_nobody_else(thing: UUID, person: UUID) -> None:
    token = LINKS.token(thing, person)
    assert LINKS.read(token) == (thing, person)
    assert OTHERS.read(token) is None


@given(st.uuids(), st.uuids(), st.integers(0, 58), st.sampled_from("AQgw09_-"))
def test_a_link_that_was_changed_is_none_of_ours(thing: UUID, person: UUID, place: int, letter: str) -> None:
    token = LINKS.token(thing, person)
    changed = token[:place] + letter + token[place + 1 :]
    assert LINKS.read(changed) == (None if changed != token else (thing, person))


@pytest.mark.parametrize("token", ["", "a", "åäö", "A" * 59, "A" * 10_000, "../.."])
def test_what_is_no_link_is_read_as_none(token: str) -> None:
    assert LINKS.read(token) is None


@given(st.uuids())
def test_a_code_is_four_digits_of_its_own_asking(asking: UUID) -> None:
    code = LINKS.code(asking)
    assert len(code) == 4
    assert code.isdecimal()
    assert LINKS.is_code(asking, code)
    assert not LINKS.is_code(asking, f"{(int(code) + 1) % 10_000:04d}")
    assert not LINKS.is_code(asking, "\N{ARABIC-INDIC DIGIT ZERO}" * 4)
