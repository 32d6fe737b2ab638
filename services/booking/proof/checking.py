"""Finding a certificate by the code that somebody has: slowed down for whoever tries many that are of none."""

from fastapi import Request
from sqlmodel.ext.asyncio.session import AsyncSession

from services.booking.proof import queries
from services.booking.proof.queries import CertificateRow
from services.booking.proof.rules import read_code
from shared.kernel.errors import NotFound
from shared.web.pace import CODE_PACE, OFFICE_PACE, Paces, Try, address_of, keep_pace


async def row_of_code(request: Request, session: AsyncSession, typed: str) -> CertificateRow:
    """Return the certificate of a code that somebody has typed or followed; who tries many is slowed down.

    Raises NotFound for a code that is of none, TooOften.
    """
    keep_pace(request, "certificate", of_address=OFFICE_PACE, of_one=OFFICE_PACE, one=None)
    try:
        code = read_code(typed)
        if code is None:
            raise queries.no_certificate()
        return await queries.get_by_code(session, code)
    except NotFound:
        # who has no code tries many; who has one is not slowed by those behind the same address who have none
        paces: Paces = request.app.state.paces
        paces.keep(Try("no certificate", address_of(request)), CODE_PACE)
        raise
