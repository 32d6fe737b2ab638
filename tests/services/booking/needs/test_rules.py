"""How far the needs of a plan have come."""

from services.booking.needs.rules import MetBy, Share, share_of


def test_what_is_set_aside_counts_among_all_and_not_as_met() -> None:
    needs = [(MetBy.SEATS, 4), (MetBy.OUTSIDE, 2), (MetBy.NOTHING, 3), (MetBy.SET_ASIDE, 1)]
    assert share_of(needs) == Share(needs=4, met=2, set_aside=1, persons=10, persons_met=6)


def test_a_plan_without_needs_has_come_nowhere() -> None:
    assert share_of([]) == Share(0, 0, 0, 0, 0)
