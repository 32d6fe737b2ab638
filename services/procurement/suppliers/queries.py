"""Reading suppliers, and who a sign-in acts as: the grants that booking gave, and the suppliers here."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.buyers.queries import not_there
from services.procurement.copies import PersonAccountCopy, PersonCopy
from services.procurement.suppliers.commands import described
from services.procurement.suppliers.tables import Supplier, SupplierAccount
from shared.contracts.facts import State
from shared.kernel.grants import Actor, Grant, Subject
from shared.kernel.roles import Role
from shared.web.bodies import View, own_id
from shared.web.paging import Page, PageFilter, page_of


class SupplierFilter(PageFilter):
    """A page of suppliers whose names hold a text."""

    search: Annotated[str | None, Field(max_length=100, description="A part of the name")] = None


class SupplierView(View):
    """A supplier; no number where it is a sole trader's."""

    supplier_id: UUID = own_id("supplier_id")
    name: str
    organisation_number: str | None
    email: str
    phone: str | None
    language: str


async def get_supplier(session: AsyncSession, supplier_id: UUID) -> Supplier:
    """Return the supplier; raises NotFound."""
    supplier = await session.get(Supplier, supplier_id)
    if supplier is None:
        raise not_there()
    return supplier


async def list_suppliers(session: AsyncSession, query: SupplierFilter) -> Page[SupplierView]:
    """Return suppliers by name."""
    statement = select(Supplier)
    if query.search:
        statement = statement.where(col(Supplier.name).icontains(query.search, autoescape=True))
    page = await page_of(
        session,
        statement,
        [col(Supplier.name), col(Supplier.id)],
        query,
        keys=lambda supplier: (supplier.name, supplier.id),
    )
    return Page(items=[SupplierView.model_validate(row) for row in page.rows], next=page.next)


async def supplier_names(session: AsyncSession, ids: Sequence[UUID]) -> dict[UUID, str]:
    """Return the names of suppliers."""
    found = await session.exec(select(Supplier.id, Supplier.name).where(col(Supplier.id).in_(ids)))
    return dict(found.all())


async def find_actor(session: AsyncSession, subject: Subject) -> Actor | None:
    """Return who the subject is here; None where neither booking nor this service knows it.

    Somebody who acts for a supplier alone goes by the id of her oldest account.
    """
    copy = (
        await session.exec(
            select(PersonCopy)
            .join(PersonAccountCopy, col(PersonAccountCopy.person_id) == col(PersonCopy.person_id))
            .where(col(PersonAccountCopy.issuer) == subject.issuer, col(PersonAccountCopy.subject) == subject.sub)
        )
    ).one_or_none()
    accounts = (
        await session.exec(
            select(SupplierAccount)
            .where(col(SupplierAccount.issuer) == subject.issuer, col(SupplierAccount.subject) == subject.sub)
            .order_by(col(SupplierAccount.made_at), col(SupplierAccount.id))
        )
    ).all()
    if copy is None and not accounts:
        return None
    grants = tuple(Grant(Role.SUPPLIER, supplier_id=account.supplier_id) for account in accounts)
    if copy is None:
        return Actor(accounts[0].id, grants)
    return Actor(copy.person_id, (*_grants_of(copy), *grants))


def _grants_of(person: PersonCopy) -> list[Grant]:
    """Her grants as booking tells them; a role that this version does not know opens nothing."""
    known = {role.value for role in Role} - {Role.SUPPLIER.value}
    return [
        Grant(
            Role(grant["role"]),
            **{name: UUID(grant[name]) for name in ("project_id", "employer_id", "buyer_id") if name in grant},
        )
        for grant in person.grants
        if grant["role"] in known
    ]


async def walk_suppliers(
    session: AsyncSession, after: UUID | None, limit: int
) -> Sequence[tuple[UUID, int, State | None]]:
    """Return the next suppliers by id with their states, held until the transaction ends; for republishing."""
    statement = select(Supplier).order_by(col(Supplier.id)).limit(limit).with_for_update(read=True)
    if after is not None:
        statement = statement.where(col(Supplier.id) > after)
    rows = (await session.exec(statement)).all()
    return [(row.id, row.version, await described(session, row)) for row in rows]
