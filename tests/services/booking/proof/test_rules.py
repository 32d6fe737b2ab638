"""What a certificate attests, when it can be issued, and its code: over plain values."""

import re
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.projects.rules import HourRounding
from services.booking.proof.rules import (
    CODE_LENGTH,
    Attested,
    Lacking,
    Sitting,
    Undertaking,
    attest,
    in_groups,
    is_same_name,
    lacking,
    month_of,
    month_over_at,
    new_code,
    read_code,
)
from shared.kernel.ids import new_id

RUN, PERSON = new_id(), new_id()
MONDAY = datetime(2026, 11, 2, 8, tzinfo=UTC)
OVER = MONDAY + timedelta(days=2)


def a_sitting(day: int = 0, minutes: int | None = 170, *, is_signed: bool = True, run_id: UUID = RUN) -> Sitting:
    starts_at = MONDAY + timedelta(days=day)
    return Sitting(
        new_id(), run_id, "Svetsning", "R-7K3M9X", starts_at, starts_at + timedelta(hours=3), minutes, is_signed
    )


def attested(*sittings: Sitting, rounding: HourRounding = HourRounding.EXACT) -> Attested:
    undertaking = Undertaking("Lyftkraft", "Dalabygden", None, (), rounding)
    return attest(sittings, undertaking, PERSON, title="Svetsning", run_reference="R-7K3M9X")


@pytest.mark.parametrize(
    ("sittings", "now", "expected"),
    [
        ([a_sitting()], OVER - timedelta(seconds=1), Lacking.NOT_OVER),
        ([a_sitting(), a_sitting(1, None)], OVER, Lacking.NOT_MARKED),
        ([a_sitting(minutes=0), a_sitting(1, 0)], OVER, Lacking.NOT_ATTENDED),
        ([a_sitting(), a_sitting(1, 60, is_signed=False)], OVER, Lacking.NOT_SIGNED),
        ([a_sitting(), a_sitting(1, 0, is_signed=False)], OVER, None),
        ([a_sitting(), a_sitting(1)], OVER, None),
    ],
)
def test_time_is_attested_when_it_is_over_marked_and_signed(
    sittings: list[Sitting], now: datetime, expected: Lacking | None
) -> None:
    assert lacking(sittings, OVER, now) is expected


def test_what_is_attested_are_the_meetings_attended_in_order_and_their_hours_by_the_rule() -> None:
    sittings = (a_sitting(1, 100), a_sitting(0, 170), a_sitting(2, 0))
    exact = attested(*sittings)
    assert [each.minutes for each in exact.meetings] == [170, 100]
    assert (exact.minutes, exact.counted_minutes, exact.length) == (270, 270, 360)
    assert (exact.first_on, exact.last_on) == (date(2026, 11, 2), date(2026, 11, 3))
    by_rule = {rounding: attested(*sittings, rounding=rounding).counted_minutes for rounding in HourRounding}
    assert by_rule == {
        HourRounding.EXACT: 270,
        HourRounding.PER_MEETING: 180,
        HourRounding.PER_ACTIVITY: 240,
        HourRounding.PER_MONTH: 240,
    }


@given(st.lists(st.integers(1, 180), min_size=1, max_size=12), st.sampled_from(HourRounding))
def test_never_more_is_counted_than_was_attended(minutes: list[int], rounding: HourRounding) -> None:
    said = attested(*(a_sitting(day, each) for day, each in enumerate(minutes)), rounding=rounding)
    assert said.minutes == sum(minutes)
    assert 0 <= said.counted_minutes <= said.minutes <= said.length
    assert rounding is HourRounding.EXACT or said.counted_minutes % 60 == 0


def test_other_minutes_say_another_time_and_another_name_does_not() -> None:
    sitting = a_sitting()
    said = attested(sitting)
    kept = Attested.model_validate(said.model_dump(mode="json"))
    assert kept == said
    assert said.says_the_same_time(
        kept.model_copy(update={"title": "Svetsning, grund", "owner_name": "Region Dalarna"})
    )
    assert not said.says_the_same_time(attested(a_sitting(0, 169)))
    assert not said.says_the_same_time(attested(sitting, rounding=HourRounding.PER_MEETING))


def test_a_month_is_swedens() -> None:
    just_before_midnight = datetime(2026, 11, 30, 22, 59, tzinfo=UTC)
    assert month_of(just_before_midnight) == date(2026, 11, 1)
    assert month_of(just_before_midnight + timedelta(minutes=1)) == date(2026, 12, 1)
    assert month_over_at(date(2026, 11, 1)) == datetime(2026, 11, 30, 23, tzinfo=UTC)
    assert month_over_at(date(2026, 12, 1)) == datetime(2026, 12, 31, 23, tzinfo=UTC)
    assert month_over_at(date(2026, 6, 1)) == datetime(2026, 6, 30, 22, tzinfo=UTC)


def test_a_code_cannot_be_guessed_and_is_read_however_it_is_typed() -> None:
    codes = {new_code() for _ in range(200)}
    assert len(codes) == 200
    alphabet = {letter for code in codes for letter in code}
    assert len(alphabet) == 27
    assert len(alphabet) ** CODE_LENGTH > 2**80
    code = codes.pop()
    shown = in_groups(code)
    assert re.fullmatch(r"[A-Z2-9]{4}(-[A-Z2-9]{4}){4}", shown)
    for typed in (code, shown, shown.lower(), shown.replace("-", " "), f" {shown} "):
        assert read_code(typed) == code
    for wrong in ("", code[:-1], code + "2", code[:-1] + "A", code[:-1] + "ö"):
        assert read_code(wrong) is None


def test_a_family_name_is_compared_as_people_write_it() -> None:
    assert is_same_name("  af  klercker ", "af Klercker")
    assert is_same_name("ÖBERG", "Öberg")
    assert not is_same_name("Oberg", "Öberg")
    assert not is_same_name("Berg", "Öberg")
