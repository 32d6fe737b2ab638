"""What is evidence, when a course taken outside may be entered, and how much of it counts."""

from datetime import date
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.booking.projects.rules import HourRounding
from services.booking.proof.outside_rules import (
    LARGEST_EVIDENCE,
    OUTSIDE_COURSE,
    EvidenceType,
    OutsideDetails,
    OutsideState,
    ProviderKind,
    check_decider,
    check_period,
    counted_minutes,
    evidence_type,
)
from shared.kernel.errors import InvalidInput, Refused
from shared.kernel.ids import new_id


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"%PDF-1.7 and so on", EvidenceType.PDF),
        (b"\x89PNG\r\n\x1a\n\x00", EvidenceType.PNG),
        (b"\xff\xd8\xff\xe0\x00", EvidenceType.JPEG),
    ],
)
def test_evidence_is_known_by_its_beginning(content: bytes, kind: EvidenceType) -> None:
    assert evidence_type(content) is kind


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "evidence_missing"),
        (b"<html>%PDF-", "evidence_of_another_type"),
        (b"MZ\x90\x00", "evidence_of_another_type"),
        (b"PK\x03\x04", "evidence_of_another_type"),
        (b"GIF89a", "evidence_of_another_type"),
        (b"%PDF-" + bytes(LARGEST_EVIDENCE), "evidence_too_large"),
    ],
)
def test_nothing_else_is_evidence(content: bytes, code: str) -> None:
    with pytest.raises(InvalidInput, match=code):
        evidence_type(content)


@pytest.mark.parametrize(
    ("starts_on", "ends_on", "code"),
    [
        (date(2026, 3, 2), date(2026, 3, 1), "period_backwards"),
        (date(2026, 3, 2), date(2026, 11, 24), "day_to_come"),
        (date(2025, 3, 2), date(2025, 12, 31), "before_the_project"),
        (date(2026, 10, 2), date(2026, 10, 3), "after_the_project"),
        (date(2025, 12, 1), date(2026, 1, 1), None),
        (date(2026, 10, 1), date(2026, 11, 23), None),
    ],
)
def test_a_course_has_ended_and_was_given_while_the_project_lasts(
    starts_on: date, ends_on: date, code: str | None
) -> None:
    details = OutsideDetails("Kvalitetsteknik", "Högskolan", ProviderKind.UNIVERSITY, starts_on, ends_on, 480)
    given = {"today": date(2026, 11, 23), "project_starts_on": date(2026, 1, 1), "project_ends_on": date(2026, 10, 1)}
    if code is None:
        check_period(details, **given)
    else:
        with pytest.raises(InvalidInput, match=code):
            check_period(details, **given)


def test_whoever_entered_it_does_not_decide() -> None:
    somebody = new_id()
    check_decider(somebody, new_id())
    with pytest.raises(Refused, match="own_entry"):
        check_decider(somebody, somebody)


def test_what_is_declined_stays_so_and_what_is_accepted_can_be_declined() -> None:
    allowed = {pair for pair in product(OutsideState, OutsideState) if OUTSIDE_COURSE.allows(*pair)}
    assert allowed == {
        (OutsideState.ENTERED, OutsideState.ACCEPTED),
        (OutsideState.ENTERED, OutsideState.DECLINED),
        (OutsideState.ACCEPTED, OutsideState.DECLINED),
    }


@given(st.integers(1, 120_000), st.sampled_from(HourRounding))
def test_an_outside_course_counts_as_an_activity_of_its_own(minutes: int, rounding: HourRounding) -> None:
    counted = counted_minutes(minutes, rounding)
    assert counted == minutes if rounding is HourRounding.EXACT else counted == minutes - minutes % 60
