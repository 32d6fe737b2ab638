"""What the load was answered, as a file of JSON lines: the checker reads the file and trusts nothing else of the load.

`sent` a command by its number; `answered` with what was acknowledged; `refused` by a rule; `gave_up` without any
answer; `mark` what the drill did meanwhile. Times are seconds since 1970 by this machine's clock.
"""

import json
import time
from pathlib import Path
from typing import Any


class Ledger:
    """One drill's file, written line by line so that a killed drill leaves what it knew."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = path.open("a", encoding="utf-8")

    def write(self, entry: str, **facts: Any) -> None:  # noqa: ANN401 - JSON
        """Add a line."""
        self._file.write(json.dumps({"entry": entry, "at": time.time(), **facts}) + "\n")
        self._file.flush()

    def mark(self, what: str, *, within: float | None = None) -> None:
        """Note that the drill has done something just now: `fault: …` when applied, `mended: …` when taken away.

        `within` so many seconds of it something must be published again.
        """
        self.write("mark", what=what, within=within)

    def close(self) -> None:
        """Close the file."""
        self._file.close()
