"""What is to be done next, by how things stand and who looks."""

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.procurement.advice.rules import Route
from services.procurement.desk.next_steps import Reader, Stage, Standing, next_steps, progress_of, stage_of
from services.procurement.procedures.rules import Phase
from shared.kernel.roles import Role

TODAY = date(2026, 11, 23)
OFFICER = Reader(frozenset({Role.PROCUREMENT_OFFICER}), declared=True, conflict=False)
DELEGATE = Reader(frozenset({Role.AWARD_DELEGATE}), declared=True, conflict=False)
# the same in every process: a test is named after it
LOT = Standing(UUID(int=1), "Svetsning")
BOUGHT = replace(
    LOT,
    route=Route.DIRECT_PURCHASE,
    procedure_id=uuid4(),
    phase=Phase.DRAFT,
    deadline=datetime(2026, 12, 1, tzinfo=UTC),
)


def first(lot: Standing | None, reader: Reader = OFFICER) -> tuple[str, str | None]:
    steps = next_steps(uuid4(), is_open=True, lots=[lot] if lot else [], reader=reader, today=TODAY)
    step = steps[0]
    return str(step.text), step.address.rpartition("/")[2] if step.address else None


def a_lot(**changes: Any) -> Standing:  # noqa: ANN401 - any field
    return replace(BOUGHT, **changes)


@pytest.mark.parametrize(
    ("lot", "way"),
    [
        (None, "new"),
        (LOT, str(LOT.lot_id)),
        (replace(LOT, route=Route.DIRECT_PURCHASE), "new"),
        (replace(LOT, route=Route.FRAMEWORK), None),
        (a_lot(), "invitations"),
        (a_lot(phase=Phase.OPEN_FOR_BIDS), None),
        (a_lot(phase=Phase.OPEN_FOR_BIDS, questions_waiting=2), "questions"),
        (a_lot(phase=Phase.CLOSED_FOR_BIDS, may_open=True), "opening"),
        (a_lot(phase=Phase.CLOSED_FOR_BIDS), None),
        (a_lot(phase=Phase.EVALUATION), "bids"),
        (a_lot(phase=Phase.AWARDED), "contract"),
        (a_lot(phase=Phase.AWARDED, contract_id=uuid4(), standstill_until=date(2026, 12, 1)), None),
        (a_lot(phase=Phase.AWARDED, contract_id=uuid4(), standstill_until=date(2026, 11, 22)), "sign"),
        (a_lot(phase=Phase.CONTRACTED, contract_id=uuid4(), line_to_order=uuid4()), "order"),
    ],
)
def test_the_way_of_a_purchase(lot: Standing | None, way: str | None) -> None:
    assert first(lot)[1] == way


def test_whoever_has_not_declared_declares_first() -> None:
    assert first(a_lot(), replace(OFFICER, declared=False))[1] == "declaration"


def test_whoever_has_a_conflict_has_nothing_to_do() -> None:
    assert first(a_lot(), replace(OFFICER, conflict=True))[1] is None


def test_a_delegate_is_told_whose_step_it_is() -> None:
    assert first(a_lot(), DELEGATE)[1] is None
    assert first(a_lot(phase=Phase.EVALUATION), DELEGATE) == ("Decide the award of “Svetsning”", "bids")


def test_what_is_contracted_is_ordered_and_then_nothing_is_left() -> None:
    lot = a_lot(phase=Phase.CONTRACTED, contract_id=uuid4(), line_to_order=uuid4())
    assert first(lot)[1] == "order"
    done = replace(lot, line_to_order=None)
    assert next_steps(uuid4(), is_open=True, lots=[done], reader=OFFICER, today=TODAY) == []


def test_nothing_is_left_to_do_in_a_closed_case() -> None:
    assert next_steps(uuid4(), is_open=False, lots=[LOT], reader=OFFICER, today=TODAY) == []


def test_what_can_be_done_comes_before_what_is_waited_for() -> None:
    lots = [a_lot(phase=Phase.OPEN_FOR_BIDS), LOT]
    steps = next_steps(uuid4(), is_open=True, lots=lots, reader=OFFICER, today=TODAY)
    assert [step.address is not None for step in steps] == [True, False]


@pytest.mark.parametrize("phase", list(Phase))
def test_every_phase_has_its_stage(phase: Phase) -> None:
    lot = a_lot(phase=phase)
    marks = [state for _, state in progress_of(lot)]
    assert marks.count("now") == (0 if stage_of(lot) is None else 1)
    assert marks == sorted(marks, key=["done", "now", "next"].index)
    assert len(marks) == len(Stage)
