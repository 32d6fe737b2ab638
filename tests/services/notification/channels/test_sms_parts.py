"""What an SMS counts as (3GPP TS 23.038)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deploy.embedded.origin.sent.sms import parts_of as gateway_parts_of
from services.notification.channels.rules import GSM_7, GSM_7_EXTENDED, is_gsm_7, parts_of, plain_for_sms

BASIC = st.sampled_from(sorted(GSM_7))
EXTENDED = st.sampled_from(sorted(GSM_7_EXTENDED))


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("", 1),
        ("a" * 160, 1),
        ("a" * 161, 2),
        ("a" * 306, 2),
        ("a" * 307, 3),
        ("åäöÅÄÖé" * 22 + "åäöÅÄÖ", 1),
        ("€" * 80, 1),
        ("€" * 81, 2),
        ("ы" * 70, 1),
        ("ы" * 71, 2),
        ("ы" * 134, 2),
        ("ы" * 135, 3),
        ("😀" * 35, 1),
        ("😀" * 36, 2),
    ],
)
def test_a_text_is_split_as_the_standard_says(text: str, parts: int) -> None:
    assert parts_of(text) == parts


def test_an_extended_character_is_not_split_between_parts() -> None:
    # 152 units and a two-unit character do not fit a part of 153: the character moves to the next one
    text = ("a" * 152 + "€") * 2 + "a" * 3
    assert sum(2 if character == "€" else 1 for character in text) == 311
    assert parts_of(text) == 3
    assert parts_of("a" * 152 + "€" + "a" * 152) == 3


@pytest.mark.parametrize("character", "åäöÅÄÖé")
def test_swedish_letters_are_gsm_7(character: str) -> None:
    assert is_gsm_7(character)


@given(st.text(alphabet=BASIC, max_size=700))
def test_the_provider_counts_as_we_do(text: str) -> None:
    assert parts_of(text) == gateway_parts_of(text)


@given(st.text(alphabet=BASIC | EXTENDED, max_size=700), st.text(alphabet=BASIC | EXTENDED, max_size=50))
def test_a_longer_text_never_has_fewer_parts(text: str, more: str) -> None:
    assert parts_of(text) <= parts_of(text + more)


@given(st.text(max_size=500))
def test_every_part_holds_something(text: str) -> None:
    units = sum(2 if ord(character) > 0xFFFF or character in GSM_7_EXTENDED else 1 for character in text)
    assert 1 <= parts_of(text) <= max(1, units)


@given(st.text(max_size=300))
def test_plain_text_never_costs_a_different_alphabet(text: str) -> None:
    if is_gsm_7(text):
        assert is_gsm_7(plain_for_sms(text))


def test_typography_does_not_move_a_text_to_ucs_2() -> None:
    assert is_gsm_7(plain_for_sms("”Svetsning” – grund…\u00a0kl. 9"))
