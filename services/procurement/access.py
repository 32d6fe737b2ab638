"""What the routes of procurement share: the service's keys, and which of a buyer's projects somebody works for."""

from collections.abc import Callable
from typing import Any, Final
from uuid import UUID

from fastapi import Request
from sqlalchemy import ColumnElement, and_, false, or_, true

from services.procurement.base import Keys
from shared.kernel.grants import Actor
from shared.kernel.roles import Role
from shared.kernel.texts import Text
from shared.web.edge import current_language
from shared.web.exchange import parts_of

OFFICE: Final = frozenset({Role.PROCUREMENT_OFFICER, Role.AWARD_DELEGATE})


def keys_of(request: Request) -> Keys:
    """Return the keys of the service that answers the request."""
    keys = request.app.state.keys
    assert isinstance(keys, Keys)
    return keys


def projects_reached(actor: Actor, buyer_id: UUID, projects: frozenset[UUID]) -> frozenset[UUID]:
    """Return those of a buyer's projects that the actor works for as its officer or delegate."""
    grants = [grant for grant in actor.grants_of(*OFFICE) if grant.buyer_id in (None, buyer_id)]
    if any(grant.project_id is None for grant in grants):
        return projects
    return projects & {grant.project_id for grant in grants if grant.project_id is not None}


def reached(actor: Actor, buyer_id: Any, project_id: Any) -> ColumnElement[bool]:  # noqa: ANN401 - columns
    """Return the condition that a row's buyer and project are ones that the actor works for, as on the API's routes."""
    grants = [
        and_(
            true() if grant.buyer_id is None else buyer_id == grant.buyer_id,
            true() if grant.project_id is None else project_id == grant.project_id,
        )
        for grant in actor.grants_of(*OFFICE)
    ]
    return or_(false(), *grants)


def buyers_reached(actor: Actor) -> frozenset[UUID]:
    """Return the buyers that the actor works for."""
    return frozenset(grant.buyer_id for grant in actor.grants_of(*OFFICE) if grant.buyer_id is not None)


def translator_of(request: Request) -> Callable[[Text], str]:
    """Return what turns a text into the reader's language."""
    parts, language = parts_of(request), current_language(request)
    return lambda text: parts.catalogues.translate(text, language)
