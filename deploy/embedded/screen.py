"""What the person at the terminal sees while the parts are fetched, started, restarted and stopped."""

import time

from rich.console import Console
from rich.status import Status

_QUIET_SECONDS = 1.0


class Screen:
    """Lines that stay, and on a terminal one line that moves."""

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(highlight=False, soft_wrap=True)
        self._status: Status | None = None
        self._last_progress: dict[str, float] = {}

    def open(self, text: str) -> None:
        """Begin with the moving line; off a terminal nothing moves."""
        if self.console.is_terminal:
            self._status = self.console.status(text)
            self._status.start()

    def close(self) -> None:
        if self._status is not None:
            self._status.stop()
            self._status = None

    def progress(self, part: str, text: str) -> None:
        """Tell what a part is busy with; off a terminal at most once a second for each part."""
        if self._status is not None:
            self._status.update(f"{part}: {text}")
        elif time.monotonic() - self._last_progress.get(part, 0) >= _QUIET_SECONDS:
            self._last_progress[part] = time.monotonic()
            self.console.print(f"  … {part}: {text}", markup=False)

    def done(self, part: str, address: str, text: str) -> None:
        self.console.print(f"  [green]✓[/] {part:<26} {address:<23} {text}")

    def trouble(self, text: str) -> None:
        self.console.print(f"  [red]![/] {text}")

    def say(self, text: str) -> None:
        self.console.print(text)
