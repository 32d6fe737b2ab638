"""Who may do what in notification, and whose each object is. One line for each route, by its function's name."""

from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.notification.base import Holder
from services.notification.notifications.tables import Notification
from services.notification.recipients.queries import find_employer, find_project, find_recipient
from services.notification.recipients.tables import Account, HeldGrant, Suppression
from shared.kernel.grants import Actor, Grant, Scope, Subject
from shared.kernel.ids import stable_id
from shared.kernel.roles import Role
from shared.web.authorisation import PUBLIC, SELF, Permit, Permits, Scopes
from shared.web.operator import pages as operator

_OPERATOR = Permit({Role.OPERATOR})
_SUPPLIER = Permit({Role.SUPPLIER, Role.OPERATOR})
_ABOUT_EMPLOYER = Permit({Role.CONTACT, Role.COACH, Role.PROJECT_LEAD, Role.OPERATOR})
_ABOUT_PROJECT = Permit({Role.PROJECT_LEAD, Role.PROCUREMENT_OFFICER, Role.OPERATOR})
_NOTIFICATION = SELF | _ABOUT_EMPLOYER | _ABOUT_PROJECT | _SUPPLIER
_WORDINGS = Permit({Role.PROJECT_LEAD, Role.OPERATOR})

PERMITS: Permits = {
    "list_notifications_of_person": SELF | _OPERATOR,
    "list_notifications_of_supplier": _SUPPLIER,
    "list_notifications_about_employer": _ABOUT_EMPLOYER,
    "list_notifications_about_project": _ABOUT_PROJECT,
    "get_notification": _NOTIFICATION,
    "send_notification_again": _OPERATOR,
    "cancel_notification": _OPERATOR,
    "get_preferences_of_person": SELF | _OPERATOR,
    "set_preferences_of_person": SELF | _OPERATOR,
    "get_preferences_of_supplier": _SUPPLIER,
    "set_preferences_of_supplier": _SUPPLIER,
    "list_suppressed_addresses": _OPERATOR,
    "suppress_address": _OPERATOR,
    "lift_suppressed_address": _OPERATOR,
    "list_wordings": _WORDINGS,
    "take_sms_receipt": PUBLIC,
    "unsubscribe": PUBLIC,
}


async def _person(session: AsyncSession, person_id: UUID) -> Scope | None:
    found = await find_recipient(session, Holder.PERSON, person_id)
    return None if found is None else Scope(persons=frozenset({person_id}))


async def _supplier(session: AsyncSession, supplier_id: UUID) -> Scope | None:
    found = await find_recipient(session, Holder.SUPPLIER, supplier_id)
    return None if found is None else Scope(suppliers=frozenset({supplier_id}))


async def _employer(session: AsyncSession, employer_id: UUID) -> Scope | None:
    found = await find_employer(session, employer_id)
    if found is None:
        return None
    return Scope(employers=frozenset({employer_id}), projects=frozenset(found.project_ids))


async def _project(session: AsyncSession, project_id: UUID) -> Scope | None:
    found = await find_project(session, project_id)
    if found is None:
        return None
    return Scope(projects=frozenset({project_id}), buyers=frozenset(found.buyer_ids))


async def _notification(session: AsyncSession, notification_id: UUID) -> Scope | None:
    """Return whose a notification is; what is secret is left out again by the query that reads it."""
    row = await session.get(Notification, notification_id)
    if row is None:
        return None
    is_person = row.recipient_kind is Holder.PERSON
    return Scope(
        projects=_set_of(row.project_id),
        employers=_set_of(row.employer_id),
        buyers=_set_of(row.buyer_id),
        suppliers=_set_of(None if is_person else row.recipient_id),
        persons=_set_of(row.recipient_id if is_person else None),
    )


async def _suppression(session: AsyncSession, suppression_id: UUID) -> Scope | None:
    return None if await session.get(Suppression, suppression_id) is None else Scope()


def _set_of(one: UUID | None) -> frozenset[UUID]:
    return frozenset() if one is None else frozenset({one})


PAGE_PERMITS: Permits = {
    "show_start": PUBLIC,
    **operator.PERMITS,
    "show_mine": SELF,
    "show_notification": _NOTIFICATION,
    "show_about_employer": _ABOUT_EMPLOYER,
    "show_about_project": _ABOUT_PROJECT,
    "show_preferences": SELF,
    "send_preferences": SELF,
    "show_notifications": _OPERATOR,
    "show_resending": _OPERATOR,
    "send_resending": _OPERATOR,
    "show_cancelling": _OPERATOR,
    "send_cancelling": _OPERATOR,
    "show_suppressions": _OPERATOR,
    "show_suppressing": _OPERATOR,
    "send_suppressing": _OPERATOR,
    "show_lifting": _OPERATOR,
    "send_lifting": _OPERATOR,
    "show_wordings": _WORDINGS,
    "show_wording": _WORDINGS,
}

SCOPES: Scopes = {
    **operator.SCOPES,
    "person_id": _person,
    "supplier_id": _supplier,
    "employer_id": _employer,
    "project_id": _project,
    "notification_id": _notification,
    "suppression_id": _suppression,
    "kind": None,
}


async def find_actor(session: AsyncSession, subject: Subject) -> Actor | None:
    """Return who a sign-in is, by the copies of people and suppliers; None where neither knows it."""
    statement = select(Account).where(col(Account.issuer) == subject.issuer, col(Account.subject) == subject.sub)
    accounts = (await session.exec(statement.order_by(col(Account.kind), col(Account.holder_id)))).all()
    if not accounts:
        return None
    people = [account.holder_id for account in accounts if account.kind is Holder.PERSON]
    grants = [
        Grant(Role.SUPPLIER, supplier_id=account.holder_id) for account in accounts if account.kind is Holder.SUPPLIER
    ]
    if people:
        held = (await session.exec(select(HeldGrant).where(col(HeldGrant.person_id) == people[0]))).all()
        grants += [grant for row in held if (grant := _grant(row)) is not None]
    # who acts for a supplier alone is no person of booking's; she needs an id of her own in what she decides
    person_id = people[0] if people else stable_id("account", f"{subject.issuer}:{subject.sub}")
    return Actor(person_id, tuple(grants))


def _grant(row: HeldGrant) -> Grant | None:
    """Return the grant, or None for a role of a newer system."""
    if row.role not in set(Role):
        return None
    return Grant(Role(row.role), project_id=row.project_id, employer_id=row.employer_id, buyer_id=row.buyer_id)
