"""The waiting list over random demand: what `docs/waiting-list.md` says of it is so, and is what the command writes."""

import pytest

from tests.support.texts import ROOT
from tests.waiting_simulation import RUNS, SEED, WAYS, Outcome, Way, chart, markdown, simulate

THIS, FIRST_COME, WHOEVER_FITS, BY_SEAT = WAYS


@pytest.fixture(scope="module")
def outcomes() -> dict[Way, Outcome]:
    return simulate(SEED, RUNS)


def test_no_group_is_split_and_none_is_starved_but_in_the_other_ways(outcomes: dict[Way, Outcome]) -> None:
    assert (outcomes[THIS].split, outcomes[THIS].starved) == (0, 0)
    assert outcomes[BY_SEAT].split > 0
    assert outcomes[WHOEVER_FITS].starved > 0


def test_more_seats_are_filled_than_by_plain_first_come(outcomes: dict[Way, Outcome]) -> None:
    assert outcomes[FIRST_COME].fill < outcomes[THIS].fill < outcomes[WHOEVER_FITS].fill < outcomes[BY_SEAT].fill
    assert outcomes[THIS].ninth < outcomes[FIRST_COME].ninth


def test_the_document_is_what_the_command_writes_of_its_seed(outcomes: dict[Way, Outcome]) -> None:
    folder = ROOT / "docs"
    text = markdown(outcomes, seed=SEED, runs=RUNS, chart_name="waiting-list.svg")
    assert (folder / "waiting-list.md").read_text() == text
    assert (folder / "waiting-list.svg").read_text() == chart(outcomes)


def test_another_seed_is_another_demand() -> None:
    assert simulate(1, 2) == simulate(1, 2) != simulate(2, 2)
