"""The municipalities: all of them, each in a county that there is."""

import pytest

from shared.kernel.identity import COUNTIES, municipality_code
from shared.kernel.municipalities import MUNICIPALITIES, municipality_name


def test_there_are_290_in_21_counties_and_each_has_a_name_of_its_own() -> None:
    assert len(MUNICIPALITIES) == len(set(MUNICIPALITIES.values())) == 290
    assert {code[:2] for code in MUNICIPALITIES} == set(COUNTIES)
    assert [municipality_code(code) for code in MUNICIPALITIES] == list(MUNICIPALITIES)


@pytest.mark.parametrize(
    ("code", "name"), [("2080", "Falun"), ("0765", "Älmhult"), ("2580", "Luleå"), ("1980", "Västerås")]
)
def test_a_code_is_told_by_its_name(code: str, name: str) -> None:
    assert municipality_name(code) == name


def test_a_code_that_is_no_longer_one_is_told_as_it_stands() -> None:
    assert municipality_name("1585") == "1585"
