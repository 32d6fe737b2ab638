"""How a sign-in becomes somebody's: by registering as a new person, or by a single-use invitation.

Never by an e-mail claim: the issuer's word on an address is not the person's.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from uuid import UUID

from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.people.commands import locked_person, tell_person
from services.booking.people.rules import INVITATION_LIFE, BoundBy
from services.booking.people.tables import Account, Invitation, Person
from shared.db import rows_of
from shared.kernel.clock import Clock
from shared.kernel.errors import Conflict, NotFound, Refused
from shared.kernel.grants import Actor, Grant, Subject
from shared.kernel.ids import new_id
from shared.kernel.roles import Role
from shared.kernel.texts import N_

_CODE_BYTES = 24
_ACTOR = """
    SELECT account.person_id, held.role, held.project_id, held.employer_id, held.buyer_id
      FROM accounts AS account
      LEFT JOIN role_grants AS held ON held.person_id = account.person_id AND held.withdrawn_at IS NULL
     WHERE account.issuer = $1 AND account.subject = $2
     ORDER BY held.id
"""


@dataclass(frozen=True, slots=True)
class MadeInvitation:
    """An invitation and its code, which is told this once."""

    id: UUID
    code: str
    expires_at: datetime


async def find_account(session: AsyncSession, subject: Subject) -> Account | None:
    """Return whose sign-in this is, if it is anybody's."""
    found = await session.exec(
        select(Account).where(col(Account.issuer) == subject.issuer, col(Account.subject) == subject.sub)
    )
    return found.one_or_none()


async def find_actor(session: AsyncSession, subject: Subject) -> Actor | None:
    """Return who asks and what she may do; None where nobody has this sign-in."""
    rows = await rows_of(session, _ACTOR, subject.issuer, subject.sub)
    if not rows:
        return None
    grants = tuple(
        Grant(Role(role), project_id=project_id, employer_id=employer_id, buyer_id=buyer_id)
        for _, role, project_id, employer_id, buyer_id in rows
        if role is not None
    )
    return Actor(rows[0][0], grants)


async def bind_account(
    session: AsyncSession,
    clock: Clock,
    person: Person,
    subject: Subject,
    *,
    bound_by: BoundBy,
    by: UUID | None,
    tells: bool = True,
) -> None:
    """Make the sign-in the (locked or new) person's; raises Conflict where it is somebody else's."""
    account = await find_account(session, subject)
    if account is not None and account.person_id == person.id:
        return
    if account is not None:
        raise Conflict(
            N_("Your sign-in already belongs to another person here. Sign in as the one whom the invitation is for."),
            code="sign_in_taken",
        )
    session.add(
        Account(
            person_id=person.id,
            issuer=subject.issuer,
            subject=subject.sub,
            bound_by=bound_by.value,
            bound_at=clock.now(),
        )
    )
    await session.flush()
    await tell_person(session, clock, person, change=f"sign-in bound by {bound_by.value}", by=by, tells=tells)


async def invite_person(session: AsyncSession, clock: Clock, person_id: UUID, *, by: UUID) -> MadeInvitation:
    """Make an invitation for a person without a sign-in; an earlier open one no longer works.

    Whoever gets the code becomes the person: whether `by` may invite her is the caller's to ask.
    """
    await locked_person(session, person_id)
    bound = await session.exec(select(Account.id).where(col(Account.person_id) == person_id).limit(1))
    if bound.first() is not None:
        raise Conflict(N_("The person can sign in already and needs no invitation."), code="signs_in_already")
    earlier = await session.exec(
        select(Invitation).where(
            col(Invitation.person_id) == person_id,
            col(Invitation.used_at).is_(None),
            col(Invitation.revoked).is_(False),
        )
    )
    for invitation in earlier:
        invitation.revoked = True
        session.add(invitation)
    await session.flush()
    now = clock.now()
    code = secrets.token_urlsafe(_CODE_BYTES)
    made = Invitation(
        id=new_id(),
        person_id=person_id,
        code_hash=_hash(code),
        made_by=by,
        made_at=now,
        expires_at=now + INVITATION_LIFE,
    )
    session.add(made)
    await session.flush()
    return MadeInvitation(made.id, code, made.expires_at)


async def accept_invitation(session: AsyncSession, clock: Clock, subject: Subject, code: str) -> Person:
    """Make the sign-in that of the invited person, once.

    Raises NotFound for a code that was never made or is replaced, Refused for one used or past its time.
    """
    found = await session.exec(
        select(Invitation).where(col(Invitation.code_hash) == _hash(code), col(Invitation.revoked).is_(False))
    )
    invitation = found.one_or_none()
    if invitation is None:
        raise NotFound(
            N_("This invitation is not known. Ask whoever invited you for a new one."), code="invitation_unknown"
        )
    person = await locked_person(session, invitation.person_id)
    await session.refresh(invitation, with_for_update=True)
    if invitation.used_at is not None or invitation.revoked:
        raise Refused(
            N_("This invitation has been used. Ask whoever invited you for a new one."), code="invitation_used"
        )
    now = clock.now()
    if now >= invitation.expires_at:
        raise Refused(
            N_("This invitation ended on {day}. Ask whoever invited you for a new one."),
            code="invitation_over",
            day=invitation.expires_at.date(),
        )
    invitation.used_at = now
    session.add(invitation)
    await bind_account(session, clock, person, subject, bound_by=BoundBy.INVITATION, by=person.id)
    return person


def _hash(code: str) -> bytes:
    return sha256(code.encode()).digest()
