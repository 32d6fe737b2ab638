"""Which requests look alike: subject, place, time, and whose they are."""

from dataclasses import dataclass, field
from datetime import date
from uuid import UUID, uuid4

import pytest

from services.procurement.cases.similar import are_alike

BUYER, PROJECT = uuid4(), uuid4()


@dataclass(frozen=True)
class Asked:
    title: str = "Svetsning"
    mode: str = "physical"
    municipality: str = "2080"
    language: str = "sv"
    wished_from: date | None = None
    wished_to: date | None = None
    buyer_id: UUID = BUYER
    project_id: UUID = PROJECT
    pool: str | None = None
    request_id: UUID = field(default_factory=uuid4)


@pytest.mark.parametrize(
    ("other", "alike"),
    [
        (Asked(title="Svetsutbildning, grund"), True),
        (Asked(title="Grundkurs i svets"), True),
        (Asked(title="Grundkurs i ledarskap"), False),
        (Asked(municipality="2081"), True),
        (Asked(municipality="0880"), False),
        (Asked(mode="digital"), False),
        (Asked(mode="both"), True),
        (Asked(language="en"), False),
        (Asked(project_id=uuid4()), False),
        (Asked(buyer_id=uuid4()), False),
        (Asked(wished_from=date(2027, 3, 1)), True),
        (Asked(wished_from=date(2027, 6, 1), wished_to=date(2027, 9, 1)), False),
    ],
)
def test_what_looks_alike(other: Asked, alike: bool) -> None:  # noqa: FBT001 - a table's column
    one = Asked(wished_to=date(2027, 5, 1))
    assert are_alike(one, other) is alike
    assert are_alike(other, one) is alike


def test_what_a_project_sent_together_is_alike_whatever_it_says() -> None:
    one, other = Asked(pool="P-1"), Asked(title="Ledarskap", municipality="0880", pool="P-1")
    assert are_alike(one, other)
    assert not are_alike(one, Asked(title="Ledarskap", municipality="0880", pool="P-2"))
    assert not are_alike(one, Asked(title="Ledarskap", municipality="0880", pool="P-1", buyer_id=uuid4()))


def test_digital_training_is_alike_wherever_the_employers_are() -> None:
    assert are_alike(Asked(mode="digital"), Asked(mode="digital", municipality="0880"))
