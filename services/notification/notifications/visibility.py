"""Which notifications a person may see, as one condition: every list and every single read goes through it.

What tells who was invited or bid is seen by its recipient, the buyer's officers and the operator alone (OSL 19:3).
"""

from sqlalchemy import ColumnElement, and_, false, or_, true
from sqlmodel import col

from services.notification.base import Holder
from services.notification.notifications.tables import Notification
from shared.kernel.grants import Actor, Grant
from shared.kernel.roles import Role

_OF_EMPLOYERS = (Role.CONTACT, Role.COACH)
_OF_BUYERS = (Role.PROCUREMENT_OFFICER, Role.AWARD_DELEGATE)


def visible_to(actor: Actor) -> ColumnElement[bool]:
    """Return the condition that the actor may see a notification."""
    own = and_(col(Notification.recipient_kind) == Holder.PERSON, col(Notification.recipient_id) == actor.person_id)
    return or_(own, *(_by_grant(grant) for grant in actor.grants))


def _by_grant(grant: Grant) -> ColumnElement[bool]:
    if grant.role is Role.OPERATOR:
        return true()
    if grant.role is Role.SUPPLIER:
        return and_(
            col(Notification.recipient_kind) == Holder.SUPPLIER, col(Notification.recipient_id) == grant.supplier_id
        )
    if grant.role is Role.PROJECT_LEAD:
        return and_(col(Notification.secret).is_(False), _held(grant))
    if grant.role in _OF_EMPLOYERS:
        return and_(col(Notification.secret).is_(False), col(Notification.employer_id).is_not(None), _held(grant))
    if grant.role in _OF_BUYERS:
        return and_(col(Notification.buyer_id).is_not(None), _held(grant))
    return false()


def _held(grant: Grant) -> ColumnElement[bool]:
    """Return the condition that every id that the grant is held for is the notification's."""
    pairs = (
        (grant.project_id, col(Notification.project_id)),
        (grant.employer_id, col(Notification.employer_id)),
        (grant.buyer_id, col(Notification.buyer_id)),
    )
    return and_(true(), *(column == held for held, column in pairs if held is not None))
