"""The register of suppliers as officers list it: found by name or number, with whether anybody acts for each."""

from typing import Final
from uuid import UUID

from sqlalchemy import ColumnElement, Text, func, or_
from sqlmodel import col, select
from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.suppliers.queries import SupplierView
from services.procurement.suppliers.tables import Supplier, SupplierAccount
from shared.web.pages.exports import ListFilter
from shared.web.paging import Page, page_of

_NUMBER_DIGITS: Final = 10


class RegisterFilter(ListFilter):
    """A page of the register; `q` is a part of a name or of an organisation number."""


class RegisterRow(SupplierView):
    """A supplier in the register."""

    has_account: bool


async def list_register(session: AsyncSession, query: RegisterFilter) -> Page[RegisterRow]:
    """Return suppliers by name, rising unless asked otherwise."""
    statement = select(Supplier)
    if query.q:
        statement = statement.where(_matches(query.q))
    page = await page_of(
        session,
        statement,
        [col(Supplier.name), col(Supplier.id)],
        query,
        keys=lambda row: (row.name, row.id),
        descending=(query.sort or "").startswith("-"),
    )
    known = await _with_accounts(session, [row.id for row in page.rows])
    rows = [
        RegisterRow(**SupplierView.model_validate(row).model_dump(), has_account=row.id in known) for row in page.rows
    ]
    return Page(items=rows, next=page.next)


def _matches(asked: str) -> ColumnElement[bool]:
    digits = asked.replace("-", "").replace(" ", "")
    by_name = col(Supplier.name).icontains(asked, autoescape=True)
    if not digits.isdecimal():
        return by_name
    number = func.replace(col(Supplier.organisation_number), "-", "", type_=Text())
    return or_(by_name, number.contains(digits[-_NUMBER_DIGITS:], autoescape=True))


async def _with_accounts(session: AsyncSession, ids: list[UUID]) -> set[UUID]:
    found = await session.exec(
        select(SupplierAccount.supplier_id).where(col(SupplierAccount.supplier_id).in_(ids)).distinct()
    )
    return set(found.all())
