"""Money is exact, telephone numbers have one form, and references can be read aloud."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.kernel import ids, phone
from shared.kernel.errors import InvalidInput
from shared.kernel.money import Money


def test_kronobergs_co_financing_is_exactly_a_quarter() -> None:
    esf, region = Money.of_kronor(3_706_566), Money.of_kronor(1_235_522)
    assert (esf + region).share(Decimal("0.25")) == region


@given(st.integers(-(10**12), 10**12))
def test_kronor_and_back_is_the_same_amount(ore: int) -> None:
    assert Money.of_kronor(Money(ore).kronor) == Money(ore)


def test_a_fraction_of_an_ore_and_mixed_currencies_are_refused() -> None:
    with pytest.raises(ValueError, match="fraction"):
        Money.of_kronor(Decimal("0.001"))
    with pytest.raises(ValueError, match="cannot be added"):
        Money(1) + Money(1, "EUR")


@pytest.mark.parametrize("written", ["070-1740605", "070 174 06 05", "+46701740605", "0046701740605"])
def test_a_number_is_kept_in_international_form(written: str) -> None:
    assert phone.e164(written) == "+46701740605"


@pytest.mark.parametrize("wrong", ["", "12", "070-174060", "telefon"])
def test_what_is_no_number_is_refused_without_repeating_it(wrong: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        phone.e164(wrong)
    assert not wrong or wrong not in caught.value.text.fields.values()


def test_only_ordinary_mobiles_take_sms() -> None:
    assert phone.takes_sms("+46701740605")
    assert not phone.takes_sms("+4623123456")
    assert not phone.takes_sms("+46740740605")


def test_ids_grow_and_references_have_no_confusable_letters() -> None:
    made = [ids.new_id() for _ in range(1000)]
    assert made == sorted(made)
    assert all(not set("01OILAEU") & set(ids.reference("B")[2:]) for _ in range(500))
    assert ids.stable_id("buyer", "x") == ids.stable_id("buyer", "x") != ids.stable_id("project", "x")
