"""Numbers are taken in the forms that people write and kept in one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel import identity
from shared.kernel.errors import InvalidInput


@pytest.mark.parametrize("number", ["212000-2742", "212000-0142", "212000-1355", "556036-0793", "202100-5224"])
def test_a_right_organisation_number_is_taken_with_and_without_hyphen_and_century(number: str) -> None:
    digits = number.replace("-", "")
    assert {identity.organisation_number(form) for form in (number, digits, f"16{digits}", f" {number} ")} == {number}


@given(st.sampled_from("0123456789"), st.integers(0, 9))
def test_one_changed_digit_makes_an_organisation_number_wrong(digit: str, position: int) -> None:
    right = "2120002742"
    wrong = right[:position] + digit + right[position + 1 :]
    if wrong == right:
        return
    with pytest.raises(InvalidInput) as caught:
        identity.organisation_number(wrong)
    assert caught.value.field == "organisation_number"


def test_a_number_whose_third_digit_is_below_two_is_a_persons() -> None:
    assert identity.is_sole_trader("701063-2391")
    assert not identity.is_sole_trader("212000-2742")


@pytest.mark.parametrize(
    ("written", "kept"),
    [
        ("194408139089", "194408139089"),
        ("19900602-2397", "199006022397"),
        ("191212121212", "191212121212"),
        ("640823-3234", "196408233234"),
        ("701063-2391", "197010632391"),  # a coordination number: born on the 3rd
        ("121212+1212", "191212121212"),  # over a hundred
    ],
)
def test_personal_numbers_are_kept_as_twelve_digits(written: str, kept: str) -> None:
    assert identity.personal_number(written) == kept


@pytest.mark.parametrize("wrong", ["194408139088", "640823-3235", "19901301-2394", "1234", "", "abcdef-ghij"])
def test_a_wrong_personal_number_is_refused_and_not_repeated(wrong: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        identity.personal_number(wrong)
    assert not wrong or wrong not in str(caught.value.text)


@pytest.mark.parametrize("code", ["80511000-9", "80000000-4", "80660000-8", "79632000-3", "79633000-0"])
def test_a_cpv_code_has_a_check_digit(code: str) -> None:
    assert identity.cpv(code) == code
    wrong = f"{code[:-1]}{(int(code[-1]) + 1) % 10}"
    with pytest.raises(InvalidInput, match="cpv_invalid"):
        identity.cpv(wrong)


def test_a_municipality_lies_in_a_county() -> None:
    assert identity.municipality_code("2080") == "2080"
    for wrong in ("0280", "208", "ABCD", "9999"):
        with pytest.raises(InvalidInput):
            identity.municipality_code(wrong)


def test_workplace_and_industry_numbers_have_their_form() -> None:
    assert identity.cfar("12345678") == "12345678"
    assert identity.sni("25.620") == "25.620"
    for check, wrong in ((identity.cfar, "1234567"), (identity.sni, "2"), (identity.nuts, "se33")):
        with pytest.raises(InvalidInput):
            check(wrong)
