"""Has certificates set as PDF by a process for each, a few at a time, so that this one neither waits nor grows."""

import asyncio
import json
import sys
from collections.abc import Mapping
from typing import Final

import structlog
from fastapi import FastAPI, Request

from shared.kernel.errors import TryLater
from shared.kernel.texts import N_

AT_ONCE: Final = 2
SECONDS: Final = 30.0
_log = structlog.get_logger(__name__)


class Typesetter:
    """Sets at most `at_once` documents at the same time; the others wait their turn."""

    def __init__(self, *, at_once: int = AT_ONCE, seconds: float = SECONDS) -> None:
        self._places = asyncio.Semaphore(at_once)
        self._seconds = seconds

    async def typeset(self, given: Mapping[str, object]) -> bytes:
        """Return the PDF. Raises TryLater where it takes too long, the wait for its turn counted, or cannot be set."""
        try:
            async with asyncio.timeout(self._seconds), self._places:
                return await _typeset(json.dumps(given).encode())
        except TimeoutError as error:
            raise _not_now() from error


def keep_typesetter(app: FastAPI, typesetter: Typesetter) -> None:
    """Keep with the app what sets its documents."""
    app.state.typesetter = typesetter


def typesetter_of(request: Request) -> Typesetter:
    """Return what sets documents as PDF."""
    typesetter = request.app.state.typesetter
    assert isinstance(typesetter, Typesetter)
    return typesetter


async def _typeset(given: bytes) -> bytes:
    program = (sys.executable, "-m", "services.booking.proof.typesetting")
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*program, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        document, told = await process.communicate(given)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode != 0:
        # the last line names what is wrong with the template; what was given, and whom it names, is not in it
        _log.error("certificate_not_set", status=process.returncode, told=told.decode(errors="replace")[-200:])
        raise _not_now()
    return document


def _not_now() -> TryLater:
    return TryLater(N_("The document could not be made just now. Try again in a minute."), code="document_not_made")
