"""Which groups there are, and which are too small to be told."""

from hypothesis import given
from hypothesis import strategies as st

from services.booking.people.rules import Coarse, Gender, coarse_of, identity_number
from services.booking.reports.facts import By
from services.booking.reports.groups import FEWEST, age_boundaries, hidden_groups
from services.booking.reports.words import group_name


def test_bands_of_a_programme_are_read_as_it_names_them() -> None:
    assert list(age_boundaries("under 18; 18–29; 55 and over")) == [18, 30, 55]
    assert list(age_boundaries("under 25; over 54")) == [25, 55]
    assert list(age_boundaries(None)) == [20, 30, 40, 50, 60]


def test_every_age_has_a_band_with_a_name() -> None:
    names = [str(group_name(By.AGE, str(band), (18, 30, 55), "en")) for band in range(4)]
    assert names == ["Under 18 years", "18–29 years", "30–54 years", "55 years and over"]


def test_a_number_says_gender_and_year_and_a_substitute_code_nothing() -> None:
    assert coarse_of(identity_number("199006022397")) == Coarse(Gender.MAN, 1990)
    assert coarse_of(identity_number("6408233234")).gender is Gender.MAN
    assert coarse_of(identity_number("701063-2391")) == Coarse(Gender.MAN, 1970), "a coordination number, day 63"
    assert coarse_of(identity_number("194408139089")) == Coarse(Gender.WOMAN, 1944)
    assert coarse_of(identity_number("19900602-1234", substitute=True)) == Coarse()
    assert coarse_of(None) == Coarse()


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(min_value=0, max_value=12)))
def test_no_small_group_is_told_or_can_be_told_from_the_whole(persons: dict[str, int]) -> None:
    hidden = hidden_groups(persons)
    assert {key for key, count in persons.items() if count < FEWEST} <= hidden
    if hidden and hidden != persons.keys():
        assert len(hidden) > 1
