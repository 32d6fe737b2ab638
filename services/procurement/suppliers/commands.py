"""Registering suppliers, adding them, and taking charge of one by a claim code."""

from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy import update
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.base import Keys
from services.procurement.buyers.queries import not_there
from services.procurement.suppliers.numbers import lookup_of, set_number
from services.procurement.suppliers.rules import CLAIM_LIFETIME, claim_hash, new_claim_code
from services.procurement.suppliers.tables import Supplier, SupplierAccount, SupplierClaim
from shared.contracts.procurement import SupplierAccount as DescribedAccount
from shared.contracts.procurement import SupplierDescribed
from shared.kernel.clock import Clock, machine_now
from shared.kernel.errors import Conflict, Refused
from shared.kernel.grants import Subject
from shared.kernel.identity import is_sole_trader, organisation_number
from shared.kernel.ids import stable_id
from shared.kernel.phone import e164
from shared.kernel.texts import N_
from shared.messaging.outbox import describe
from shared.web.validation import checked

EMAIL = r"^[^@\s]{1,64}@[^@\s]+\.[^@\s]{2,}$"


class SupplierInput(BaseModel):
    """A supplier as a data file, a form or an officer states it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: Annotated[str, Field(min_length=1, max_length=200)]
    organisation_number: Annotated[str, checked(organisation_number)]
    email: Annotated[str, Field(pattern=EMAIL, max_length=254)]
    phone: Annotated[str, checked(e164)] | None = None
    language: Literal["sv", "en"] = "sv"


async def register_supplier(
    session: AsyncSession, clock: Clock, keys: Keys, given: SupplierInput, *, subject: Subject
) -> Supplier:
    """Register a supplier that whoever is signed in acts for from now on. Raises Conflict where it is there already."""
    supplier = await _add(session, clock, keys, given)
    _add_account(session, supplier, subject, supplier.registered_at)
    await tell_supplier(session, supplier, supplier.registered_at)
    return supplier


async def add_supplier(
    session: AsyncSession, clock: Clock, keys: Keys, given: SupplierInput, *, by: UUID
) -> tuple[Supplier, str, datetime]:
    """Add a supplier that an officer knows; return it with a claim code for it, shown this once, and its last moment.

    Raises Conflict where the number is registered already.
    """
    supplier = await _add(session, clock, keys, given)
    await session.flush()
    code, expires_at = _new_claim(session, keys, supplier, by)
    await tell_supplier(session, supplier, supplier.registered_at)
    return supplier, code, expires_at


async def renew_claim(
    session: AsyncSession, keys: Keys, supplier_id: UUID, *, by: UUID
) -> tuple[Supplier, str, datetime]:
    """Give a new claim code for a supplier that nobody acts for yet; codes given before are void from now on.

    Raises NotFound for no such supplier, Conflict where somebody acts for it: only she may let others in.
    """
    supplier = await session.get(Supplier, supplier_id, with_for_update=True)
    if supplier is None:
        raise not_there()
    accounts = select(SupplierAccount.id).where(col(SupplierAccount.supplier_id) == supplier_id)
    if (await session.exec(accounts)).first() is not None:
        raise Conflict(
            N_("Somebody acts for {supplier} already, so there is no new code. Write to {supplier} instead."),
            code="supplier_claimed",
            supplier=supplier.name,
        )
    await session.exec(
        update(SupplierClaim)
        .where(col(SupplierClaim.supplier_id) == supplier_id, col(SupplierClaim.used_at).is_(None))
        .values(expires_at=machine_now())
    )
    code, expires_at = _new_claim(session, keys, supplier, by)
    return supplier, code, expires_at


def _new_claim(session: AsyncSession, keys: Keys, supplier: Supplier, by: UUID) -> tuple[str, datetime]:
    code = new_claim_code()
    expires_at = machine_now() + CLAIM_LIFETIME
    session.add(
        SupplierClaim(
            code_hash=claim_hash(keys.claim_codes, code), supplier_id=supplier.id, made_by=by, expires_at=expires_at
        )
    )
    return code, expires_at


async def claim_supplier(session: AsyncSession, clock: Clock, keys: Keys, code: str, *, subject: Subject) -> Supplier:
    """Let whoever is signed in act for the supplier that the code is for; raises Refused for a bad code."""
    claim = await session.get(SupplierClaim, claim_hash(keys.claim_codes, code), with_for_update=True)
    if claim is None or claim.used_at is not None or claim.expires_at <= machine_now():
        raise Refused(
            N_("This code is not valid: it is mistyped, used, or too old. Ask the officer who gave it for a new one."),
            code="claim_code_invalid",
            field="code",
        )
    claim.used_at = machine_now()
    supplier = await session.get(Supplier, claim.supplier_id, with_for_update=True)
    assert supplier is not None
    if not await _has_account(session, supplier.id, subject):
        now = clock.now()
        _add_account(session, supplier, subject, now)
        supplier.version += 1
        await tell_supplier(session, supplier, now)
    return supplier


async def load_supplier(
    session: AsyncSession, clock: Clock, keys: Keys, given: SupplierInput, *, subjects: tuple[Subject, ...] = ()
) -> Supplier:
    """Make the supplier of a data file unless it is there, and its accounts; doing it twice changes nothing."""
    found = await session.exec(
        select(Supplier)
        .where(col(Supplier.number_lookup) == lookup_of(keys, given.organisation_number))
        .with_for_update()
    )
    supplier, now = found.one_or_none(), clock.now()
    changed = supplier is None
    if supplier is None:
        supplier = await _add(session, clock, keys, given, key=stable_id("supplier", given.organisation_number))
        await session.flush()
    for subject in subjects:
        if not await _has_account(session, supplier.id, subject):
            _add_account(session, supplier, subject, now)
            supplier.version += 0 if changed else 1
            changed = True
    if changed:
        await tell_supplier(session, supplier, now)
    return supplier


async def tell_supplier(session: AsyncSession, supplier: Supplier, at: datetime) -> None:
    """Describe the supplier as it now is. A sole trader goes without its number."""
    await session.flush()
    state = await described(session, supplier)
    await describe(session, state, version=supplier.version, at=at)


async def described(session: AsyncSession, supplier: Supplier) -> SupplierDescribed:
    """Return the supplier's public state."""
    accounts = await session.exec(
        select(SupplierAccount)
        .where(col(SupplierAccount.supplier_id) == supplier.id)
        .order_by(col(SupplierAccount.made_at), col(SupplierAccount.id))
    )
    return SupplierDescribed(
        supplier_id=supplier.id,
        name=supplier.name,
        organisation_number=supplier.organisation_number,
        email=supplier.email,
        phone=supplier.phone,
        language=supplier.language,
        accounts=tuple(DescribedAccount(issuer=row.issuer, subject=row.subject) for row in accounts),
    )


async def _add(
    session: AsyncSession, clock: Clock, keys: Keys, given: SupplierInput, *, key: UUID | None = None
) -> Supplier:
    number = given.organisation_number
    lookup = lookup_of(keys, number)
    if (await session.exec(select(Supplier.id).where(col(Supplier.number_lookup) == lookup))).first() is not None:
        raise Conflict(
            N_(
                "A supplier with this organisation number is registered already. Ask a colleague who acts for it, or "
                "the officer who invited you, for a way in; an officer finds it in the register of suppliers."
            ),
            code="supplier_registered",
            field="organisation_number",
        )
    supplier = Supplier(
        name=given.name,
        email=given.email,
        phone=given.phone,
        language=given.language,
        number_lookup=lookup,
        registered_at=clock.now(),
    )
    if key is not None and not is_sole_trader(number):
        supplier.id = key
    set_number(keys, supplier, number)
    session.add(supplier)
    return supplier


def _add_account(session: AsyncSession, supplier: Supplier, subject: Subject, at: datetime) -> None:
    session.add(SupplierAccount(issuer=subject.issuer, subject=subject.sub, supplier_id=supplier.id, made_at=at))


async def _has_account(session: AsyncSession, supplier_id: UUID, subject: Subject) -> bool:
    found = await session.exec(
        select(SupplierAccount.id).where(
            col(SupplierAccount.supplier_id) == supplier_id,
            col(SupplierAccount.issuer) == subject.issuer,
            col(SupplierAccount.subject) == subject.sub,
        )
    )
    return found.first() is not None
