"""The header says where a reader is, also on a page that does not lie below the place's address."""

from uuid import UUID

import pytest

from shared.kernel.grants import Actor, Grant
from shared.kernel.roles import Role
from shared.web.pages.navigation import places_for

PROJECT = UUID(int=2)
LEAD = Grant(Role.PROJECT_LEAD, project_id=PROJECT)
OFFICER = Grant(Role.PROCUREMENT_OFFICER, buyer_id=UUID(int=3))
OPERATOR = Grant(Role.OPERATOR)


def marked(grant: Grant, here: str) -> list[str]:
    actor = Actor(UUID(int=1), (grant,))
    return [place.name for place in places_for(actor, signed_in=True, here=here) if place.is_here]


@pytest.mark.parametrize(
    ("grant", "here", "place"),
    [
        (LEAD, "/booking/", "Start"),
        (LEAD, "/booking/employers/1", "Employers"),
        (LEAD, f"/booking/projects/{PROJECT}/employers/1/people", "Employers"),
        (LEAD, "/booking/bookings/1", "Employers"),
        (LEAD, f"/booking/projects/{PROJECT}/figures", "Project"),
        (LEAD, "/booking/courses/1/runs/new", "Project"),
        (LEAD, "/booking/runs/1", "Courses"),
        (OFFICER, "/procurement/procedures/1/bids", "Cases"),
        (OFFICER, "/procurement/suppliers/new", "Suppliers"),
        (OPERATOR, "/procurement/operator/messages", "Operation"),
    ],
)
def test_the_place_that_a_page_belongs_to_is_marked(grant: Grant, here: str, place: str) -> None:
    assert marked(grant, here) == [place]


def test_a_page_of_no_place_marks_none() -> None:
    assert marked(LEAD, "/booking/me") == []
