"""Every pair of states of every machine, against what is written in the rules."""

from itertools import product
from typing import Any

import pytest

from services.procurement.cases.rules import CASE, REQUEST, CaseState, RequestState
from services.procurement.contracts.rules import CONTRACT, LINE, ContractState, LineState
from services.procurement.procedures.rules import PROCEDURE, ProcedureState
from shared.kernel.errors import Conflict
from shared.kernel.states import Moves

R, C, P, K, L = RequestState, CaseState, ProcedureState, ContractState, LineState
MOVES: dict[Moves[Any], set[tuple[Any, Any]]] = {
    REQUEST: {
        (R.WAITING, R.IN_CASE),
        (R.WAITING, R.DECLINED),
        (R.WAITING, R.WITHDRAWN),
        (R.IN_CASE, R.WAITING),
        (R.IN_CASE, R.ORDERED),
        (R.IN_CASE, R.WITHDRAWN),
        (R.DECLINED, R.WAITING),
        (R.WITHDRAWN, R.WAITING),
    },
    CASE: {(C.OPEN, C.CONCLUDED), (C.OPEN, C.CANCELLED)},
    PROCEDURE: {
        (P.DRAFT, P.INVITED),
        (P.DRAFT, P.CANCELLED),
        (P.INVITED, P.OPENED),
        (P.INVITED, P.CANCELLED),
        (P.OPENED, P.AWARDED),
        (P.OPENED, P.CANCELLED),
        (P.AWARDED, P.OPENED),
        (P.AWARDED, P.CONTRACTED),
        (P.AWARDED, P.CANCELLED),
    },
    CONTRACT: {(K.DRAFT, K.SIGNED), (K.DRAFT, K.DISCARDED)},
    LINE: {(L.AGREED, L.ORDERED)},
}


@pytest.mark.parametrize("machine", list(MOVES), ids=lambda machine: machine.name)
def test_a_machine_allows_exactly_the_written_moves(machine: Moves[Any]) -> None:
    for before, after in product(machine.states, repeat=2):
        if (before, after) in MOVES[machine]:
            machine.check(before, after)
        else:
            with pytest.raises(Conflict):
                machine.check(before, after)
