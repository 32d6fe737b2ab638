"""A machine is a table, and an illegal move raises."""

from enum import StrEnum

import pytest

from shared.kernel.errors import Conflict
from shared.kernel.states import Moves, state_check


class Light(StrEnum):
    RED = "red"
    GREEN = "green"
    BROKEN = "broken"


LIGHT = Moves("light", {Light.RED: {Light.GREEN, Light.BROKEN}, Light.GREEN: {Light.RED}, Light.BROKEN: set()})


@pytest.mark.parametrize("before", Light)
@pytest.mark.parametrize("after", Light)
def test_a_move_is_made_exactly_when_the_table_has_it(before: Light, after: Light) -> None:
    if after in LIGHT.next(before):
        LIGHT.check(before, after)
    else:
        with pytest.raises(Conflict, match="light_cannot_move"):
            LIGHT.check(before, after)


def test_a_machine_that_forgets_a_state_is_refused() -> None:
    with pytest.raises(ValueError, match="broken"):
        Moves("light", {Light.RED: {Light.GREEN}, Light.GREEN: {Light.RED}})


def test_the_diagram_and_the_check_follow_from_the_table() -> None:
    assert LIGHT.mermaid().splitlines() == [
        "stateDiagram-v2",
        "    [*] --> red",
        "    red --> green",
        "    red --> broken",
        "    green --> red",
        "    broken --> [*]",
    ]
    assert state_check("state", Light) == "state IN ('red', 'green', 'broken')"
    assert LIGHT.final() == {Light.BROKEN}
