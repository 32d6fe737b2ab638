"""What procurement tells of money, kept for the figures."""

from datetime import datetime
from uuid import UUID

from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.reports.tables import ProjectContract


async def note_contract(
    session: AsyncSession, *, contract_id: UUID, project_id: UUID, value_ore: int, currency: str, signed_at: datetime
) -> None:
    """Count a signed contract among the project's, once."""
    await session.merge(
        ProjectContract(
            contract_id=contract_id,
            project_id=project_id,
            value_ore=value_ore,
            currency=currency,
            signed_at=signed_at,
        )
    )
