"""A pasted list of people is read as spreadsheets and mail programs give it, and what is wrong is told by its line."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.employers.pasting import Pasted, read_people


def _names(pasted: Pasted) -> list[tuple[str, str]]:
    return [(person.details.given_name, person.details.family_name) for person in pasted.people]


@pytest.mark.parametrize("separator", ["\t", ";", ","], ids=["tab", "semicolon", "comma"])
def test_columns_may_be_apart_by_tab_semicolon_or_comma(separator: str) -> None:
    line = separator.join(["Anna Maria Berg", "anna@example.test", "070-174 06 05", "19900602-2397"])
    pasted = read_people(line)
    assert pasted.wrong == ()
    (person,) = (each.details for each in pasted.people)
    assert (person.given_name, person.family_name) == ("Anna Maria", "Berg")
    assert (person.email, person.phone) == ("anna@example.test", "+46701740605")
    assert person.number is not None
    assert person.number.digits == "199006022397"


def test_everything_but_the_name_may_be_left_out() -> None:
    pasted = read_people("Lo Ny\nKim Ek;;070-174 06 06\n\nEk, Pim; pim@example.test;;\n")
    assert pasted.wrong == ()
    assert _names(pasted) == [("Lo", "Ny"), ("Kim", "Ek"), ("Pim", "Ek")]


def test_a_line_of_headings_is_left_out_only_where_it_stands_first() -> None:
    assert _names(read_people("Namn;E-post\nLo Ny;lo@example.test")) == [("Lo", "Ny")]
    late = read_people("Lo Ny;lo@example.test\nNamn;E-post")
    assert [wrong.line for wrong in late.wrong] == [2]


def test_all_that_is_wrong_is_told_with_the_number_of_its_line() -> None:
    pasted = read_people("Lo Ny;lo@example.test\n\nEnsam;inte en adress;12;1234\nToo Many;;;;more")
    assert [(wrong.line, wrong.begins) for wrong in pasted.wrong] == [(3, "Ensam"), (4, "Too Many")]
    told = [str(text) for text in pasted.wrong[0].wrong]
    assert len(told) == 4, told
    assert "1234" not in " ".join(told), "an identity number is repeated in no message"
    assert [person.line for person in pasted.people] == [1]


def test_the_same_person_twice_is_told_with_the_line_where_she_stood() -> None:
    by_address = read_people("Lo Ny;lo@example.test\nLO NY;LO@example.test")
    by_number = read_people("Lo Ny;;;19900602-2397\nLo Gift;;;900602-2397")
    for pasted in (by_address, by_number):
        assert [wrong.line for wrong in pasted.wrong] == [2]
        assert "line 1" in str(pasted.wrong[0].wrong[0])
    assert read_people("Lo Ny\nLo Ny").wrong == (), "two may have one name"


@given(st.text(max_size=300))
def test_whatever_is_pasted_each_line_is_read_or_told(text: str) -> None:
    pasted = read_people(text)
    lines = {person.line for person in pasted.people} | {wrong.line for wrong in pasted.wrong}
    assert len(lines) == len(pasted.people) + len(pasted.wrong)
    assert lines <= set(range(1, len(text.splitlines()) + 1))


@given(st.lists(st.from_regex(r"[A-Z][a-zåäö]{2,9} Ny", fullmatch=True)), st.sampled_from(["\n", "\r\n", "\n\n"]))
def test_every_line_with_a_name_is_a_person_in_the_same_order(names: list[str], end: str) -> None:
    pasted = read_people(end.join(names))
    assert pasted.wrong == ()
    assert [" ".join(name) for name in _names(pasted)] == names
