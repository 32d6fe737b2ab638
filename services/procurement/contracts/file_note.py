"""The file note of a direct purchase (LOU 19 a:11), put together from what is recorded; nothing is written by hand."""

from collections.abc import Callable
from datetime import date
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.procurement.advice.tables import limits_on
from services.procurement.awards.queries import find_award
from services.procurement.base import Keys
from services.procurement.bids.queries import evaluation_of
from services.procurement.buyers.queries import get_buyer
from services.procurement.cases.queries import check_case_officer, get_case
from services.procurement.contracts.queries import find_contract_of
from services.procurement.contracts.tables import Contract
from services.procurement.procedures.queries import get_procedure, invitations_of
from services.procurement.suppliers.numbers import number_of
from services.procurement.suppliers.queries import get_supplier, supplier_names
from shared.kernel.calendar import legal_day
from shared.kernel.errors import Refused
from shared.kernel.money import Money
from shared.kernel.texts import N_, Text
from shared.web.bodies import View


class FileNote(View):
    """All that the note must hold; the value in öre without VAT.

    `required` says whether the law demands it at this value; none where no limit is recorded for the day.
    """

    procedure_id: UUID
    registration_number: str
    required: bool | None
    required_from_ore: int | None
    buyer_name: str
    buyer_organisation_number: str
    subject: str
    competition: str
    suppliers_asked: list[str]
    bids: int
    supplier_name: str
    supplier_organisation_number: str
    main_reason: str
    value_ore: int
    currency: str
    starts_on: date | None
    ends_on: date | None
    text: str


_COMPETITION = N_("{asked} suppliers were asked to bid, by {deadline} at the latest; {bids} bids were opened.")
_REQUIRED = N_("The law demands this note: the value is {limit} or more (LOU 19 a:11).")
_NOT_REQUIRED = N_("The law does not demand this note: the value is below {limit} (LOU 19 a:11).")
_UNKNOWN = N_("From which value the law demands this note is not recorded for this day (LOU 19 a:11).")
_TERM = N_("{starts_on} to {ends_on}")
_NO_TERM = N_("No contract is drafted yet.")
_NOTE = N_(
    "File note of a direct purchase\n\n"
    "Registration number: {registration_number}\n"
    "Buyer: {buyer} ({buyer_number})\n"
    "Subject: {subject}\n"
    "Competition: {competition}\n"
    "Suppliers asked: {suppliers}\n"
    "Number of bids: {bids}\n"
    "Chosen supplier: {supplier} ({supplier_number})\n"
    "Main reason: {reason}\n"
    "Value without VAT: {value}\n"
    "Term: {term}\n\n"
    "{demand}"
)


async def file_note(
    session: AsyncSession, keys: Keys, procedure_id: UUID, *, person_id: UUID, translate: Callable[[Text], str]
) -> FileNote:
    """Return the file note of an awarded direct purchase to one of the case's officers.

    Raises Refused before the award decision: until then nothing may be said of bids.
    """
    procedure = await get_procedure(session, procedure_id)
    await check_case_officer(session, procedure.case_id, person_id)
    award = await find_award(session, procedure_id)
    if award is None:
        raise Refused(N_("The file note is made after the award decision."), code="not_awarded")
    evaluation = await evaluation_of(session, procedure)
    contract = await find_contract_of(session, procedure_id)
    case = await get_case(session, procedure.case_id)
    buyer = await get_buyer(session, procedure.buyer_id)
    supplier = await get_supplier(session, award.supplier_id)
    asked = await _names_of_asked(session, procedure_id)
    chosen = next(bid for bid in evaluation.bids if bid.id == award.bid_id)
    value = Money(contract.value_ore if contract else chosen.price_ore)
    limit = _limit(legal_day(award.decided_at))
    bids = len(evaluation.bids)
    competition = Text(_COMPETITION, {"asked": len(asked), "deadline": procedure.deadline, "bids": bids})
    number = number_of(keys, supplier)
    fields: dict[str, object] = {
        "registration_number": case.registration_number,
        "buyer": buyer.name,
        "buyer_number": buyer.organisation_number,
        "subject": procedure.title,
        "competition": competition,
        "suppliers": ", ".join(asked),
        "bids": bids,
        "supplier": supplier.name,
        "supplier_number": number,
        "reason": award.reasons,
        "value": value,
        "term": _term(contract),
        "demand": _demand(value, limit),
    }
    shown = {name: _Whole(field) if isinstance(field, str) else field for name, field in fields.items()}
    return FileNote(
        procedure_id=procedure_id,
        registration_number=case.registration_number,
        required=None if limit is None else value >= limit,
        required_from_ore=None if limit is None else limit.ore,
        buyer_name=buyer.name,
        buyer_organisation_number=buyer.organisation_number,
        subject=procedure.title,
        competition=translate(competition),
        suppliers_asked=asked,
        bids=bids,
        supplier_name=supplier.name,
        supplier_organisation_number=number,
        main_reason=award.reasons,
        value_ore=value.ore,
        currency=value.currency,
        starts_on=contract.starts_on if contract else None,
        ends_on=contract.ends_on if contract else None,
        text=_rendered(shown, translate),
    )


class _Whole(str):
    """A text that a note shows whole, however long."""

    __slots__ = ()


def _rendered(fields: dict[str, object], translate: Callable[[Text], str]) -> str:
    """Fill the note. Texts that people wrote are put in as they are: never translated, never shortened."""
    template = translate(Text(_NOTE))
    values = {
        name: str(value) if isinstance(value, _Whole) else translate(Text("{value}", {"value": value}))
        for name, value in fields.items()
    }
    return template.format(**values)


async def _names_of_asked(session: AsyncSession, procedure_id: UUID) -> list[str]:
    invited = await invitations_of(session, procedure_id)
    names = await supplier_names(session, [each.supplier_id for each in invited])
    return [names[each.supplier_id] for each in invited]


def _limit(day: date) -> Money | None:
    row = limits_on(day)
    return Money.of_kronor(row.file_note) if row is not None and row.file_note is not None else None


def _demand(value: Money, limit: Money | None) -> Text:
    if limit is None:
        return Text(_UNKNOWN)
    return Text(_REQUIRED if value >= limit else _NOT_REQUIRED, {"limit": limit})


def _term(contract: Contract | None) -> Text:
    if contract is None:
        return Text(_NO_TERM)
    return Text(_TERM, {"starts_on": contract.starts_on, "ends_on": contract.ends_on})
