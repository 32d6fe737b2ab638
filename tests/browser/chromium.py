"""The browser that the pages are looked at with: Debian's Chromium, or the one that CHROMIUM names."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from playwright.async_api import Browser, async_playwright

_PROGRAMS: Final = ("chromium", "chromium-browser", "google-chrome")
_MISSING: Final = (
    "Pages are looked at in Chromium, which is not here: install it (apt-get install chromium) or name it in CHROMIUM."
)
_THRIFTY: Final = (
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-extensions",
    "--disable-background-networking",
    "--renderer-process-limit=2",
    "--no-proxy-server",
)


def chromium_path() -> str:
    """Return where Chromium is; raises AssertionError saying what to do where it is nowhere."""
    named = os.environ.get("CHROMIUM")
    found = named or next((path for name in _PROGRAMS if (path := shutil.which(name))), None)
    assert found, _MISSING
    assert os.access(found, os.X_OK), f"{_MISSING} {found} cannot be started."
    return found


@asynccontextmanager
async def running_chromium() -> AsyncIterator[Browser]:
    """Start it without a window; it ends with the context."""
    # as root Chromium refuses to start in its sandbox; it loads our own pages alone
    sandbox = os.getuid() != 0
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium_path(), args=list(_THRIFTY), chromium_sandbox=sandbox
        )
        try:
            yield browser
        finally:
            await browser.close()
